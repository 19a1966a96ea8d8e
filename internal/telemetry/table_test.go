package telemetry_test

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/internal/telemetry"
)

var update = flag.Bool("update", false, "write the table of metrics into docs/operations.md")

// The table in docs/operations.md has all metrics, with their types and labels.
func TestTableOfMetrics(t *testing.T) {
	path := filepath.Join("..", "..", "docs", "operations.md")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	const begin, end = "<!-- metrics: made by go test ./internal/telemetry -run Table -update -->\n", "<!-- end metrics -->\n"
	before, rest, found := strings.Cut(string(text), begin)
	table, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s lacks %q and %q", path, begin, end)
	}
	var want strings.Builder
	want.WriteString("| metric | type | labels | meaning |\n|---|---|---|---|\n")
	for _, m := range telemetry.Metrics {
		var labels []string
		for _, l := range m.Labels {
			labels = append(labels, "`"+strings.ReplaceAll(l, ".", "_")+"`")
		}
		fmt.Fprintf(&want, "| `%s` | %s | %s | %s |\n", m.Exposed(), m.Kind, strings.Join(labels, " "), m.Help)
	}
	if *update {
		if err := os.WriteFile(path, []byte(before+begin+want.String()+end+after), 0o644); err != nil {
			t.Fatal(err)
		}
	} else if table != want.String() {
		t.Errorf("%s is not current: go test ./internal/telemetry -run Table -update", path)
	}
}
