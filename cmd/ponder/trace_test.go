package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// ponder trace joins the spans of files and directories, also of OTLP, and names a file that it cannot read.
func TestTrace(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	const trace = "5b8efff798038103d269b633813fc60c"
	planner := write("all/planner.jsonl", `{"trace":"`+trace+`","span":"0000000000000001","name":"search","start":1000000,"end":9000000,"attributes":{"ponder.search.id":"01A"}}`+"\n")
	write("all/policy.json", `{
  "resourceSpans": [{"resource": {}, "scopeSpans": [{"spans": [{"traceId": "`+trace+`", "spanId": "0000000000000002", "parentSpanId": "0000000000000001",
    "name": "x", "startTimeUnixNano": "2000000", "endTimeUnixNano": "8000000", "attributes": [
    {"key": "ponder.operation", "value": {"stringValue": "generate"}}, {"key": "ponder.search.id", "value": {"stringValue": "01A"}},
    {"key": "ponder.depth", "value": {"intValue": "1"}}]}]}]}]
}
`)
	write("all/notes.txt", "not a file of spans")
	packed := write("packed.json", "\x1f\x8b\x08")
	empty := filepath.Join(dir, "empty")
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ args, want, fails string }{
		{filepath.Dir(planner), "1 search in 2 files of 2 spans\n", ""},
		{filepath.Dir(planner) + " " + planner, "1 search in 2 files of 2 spans\n", ""},
		{planner, "1 search in a file of 1 spans\n", ""},
		{planner + " --search 02B", "", `no such search: "02B"`},
		{packed, "", packed + ": is compressed: decompress it first"},
		{empty, "", empty + ": has no files whose names end with .json, .jsonl, .ndjson"},
		{filepath.Join(dir, "none.jsonl"), "", "no such file"},
	} {
		text, _, err := command(t, "trace "+c.args)
		if c.fails == "" && err != nil || c.fails != "" && (err == nil || !strings.Contains(err.Error(), c.fails)) {
			t.Errorf("%s: error %v, want %q", c.args, err, c.fails)
		}
		if !strings.HasPrefix(text, c.want) {
			t.Errorf("%s: wrote %q, want %q first", c.args, text, c.want)
		}
	}
}
