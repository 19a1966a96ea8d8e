package plannertrace_test

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/internal/telemetry"
	"github.com/ponder-mesh/ponder/internal/telemetry/telemetrytest"
	"github.com/ponder-mesh/ponder/internal/tracefile"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// The critical path of a search by the spans that its services make: samples of an estimate and their scores, then
// three levels that each wait 2 s for a worker, 10 s for the engine and 1 s for the verifier.
func TestCriticalPath(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := telemetrytest.Setup(t, telemetry.Options{})
		run(t, p, beam, policytest.Steps(3, 10*time.Second))
		_, file := telemetrytest.Finish(t, p)
		var out bytes.Buffer
		source := tracefile.Source{Name: "spans", Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(file)), nil }}
		if err := tracefile.Show(&out, []tracefile.Source{source}, tracefile.View{JSON: true}); err != nil {
			t.Fatal(err)
		}
		var shown struct {
			Path tracefile.Path `json:"critical_path"`
		}
		if err := json.Unmarshal(out.Bytes(), &shown); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, s := range shown.Path.Segments {
			got = append(got, string(s.Phase)+" "+s.Duration.String())
		}
		want := []string{"generate 30s", "score 1s"}
		for range beam.MaxLevels {
			want = append(want, "queue 2s", "generate 10s", "score 1s")
		}
		if diff := cmp.Diff(got, want); diff != "" {
			t.Errorf("got -, want +:\n%s", diff)
		}
	})
}
