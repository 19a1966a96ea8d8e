package policyqueue

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// captureLog returns the lines of the default logger while body runs, each as the level, the message
// and how often it came again.
func captureLog(t *testing.T, body func()) (lines []string) {
	var log bytes.Buffer
	var mu sync.Mutex
	before := slog.Default()
	slog.SetDefault(slog.New(slog.NewJSONHandler(writer(func(p []byte) (int, error) {
		mu.Lock()
		defer mu.Unlock()
		return log.Write(p)
	}), nil)))
	defer slog.SetDefault(before)
	body()
	mu.Lock()
	defer mu.Unlock()
	for line := range strings.Lines(log.String()) {
		var l struct {
			Level, Msg string
			Again      int
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		if l.Level != "INFO" {
			lines = append(lines, fmt.Sprintf("%s %s, again %d", l.Level, l.Msg, l.Again))
		}
	}
	return lines
}

// Jobs that fail for one reason give one line in the worker's log, and one with their number.
func TestOneLineForOneCause(t *testing.T) {
	refused := reasoning.NewError(reasoning.KindPrecondition, "OF_A_TEST", "key refused")
	got := captureLog(t, func() {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			var calls atomic.Int32
			q.worker(t, script(func(_ int, reply *policytest.Reply) {
				reply.Delay, reply.Err = time.Second, fmt.Errorf("request %d: 401: %w", calls.Add(1), refused)
			}), WorkerConfig{Slots: 64})
			var searches sync.WaitGroup
			for i := range 64 {
				searches.Go(func() {
					if _, children, err := collect(t.Context(), q, request(fmt.Sprint("s", i), 1)); err == nil {
						t.Errorf("got %d children", len(children))
					}
				})
			}
			searches.Wait()
			time.Sleep(3 * repeatsEvery) // nothing more comes
		})
	})
	want := []string{
		"ERROR job failed: no attempt can succeed, again 0", "ERROR job failed: no attempt can succeed, again 63",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("log (got before want):\n%s", diff)
	}
}

// A worker whose engine is down gives one line, however many jobs wait for it.
func TestOneLineForAnEngineThatIsDown(t *testing.T) {
	got := captureLog(t, func() {
		bubble(t, Config{}, func(t *testing.T, q *rig) {
			engine := newSwitchable(errRefused)
			q.worker(t, engine, WorkerConfig{Ready: engine.probe})
			time.AfterFunc(time.Hour/2, func() { engine.set(nil) })
			var searches sync.WaitGroup
			for i := range 64 {
				searches.Go(func() { q.mustExpand(t, request(fmt.Sprint("s", i), 1)) })
			}
			searches.Wait()
		})
	})
	if diff := cmp.Diff(got, []string{"WARN worker pulls no jobs: its engine is not ready, again 0"}); diff != "" {
		t.Errorf("log (got before want):\n%s", diff)
	}
}
