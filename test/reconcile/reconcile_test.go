//go:build unix

// Package reconcile_test compares what searches are billed with what model servers have
// written, which a proxy between worker and server counts.
package reconcile_test

import (
	"context"
	"flag"
	"fmt"
	"log"
	"log/slog"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

func TestMain(m *testing.M) {
	if config := os.Getenv(asWorker); config != "" {
		if err := runWorker(config); err != nil {
			log.Fatal(err)
		}
		return
	}
	flag.Parse()
	slog.SetDefault(slog.New(slog.DiscardHandler))
	code := m.Run()
	if code == 0 && *evidenceFile != "" {
		if err := writeEvidence(*evidenceFile); err != nil {
			log.Print(err)
			code = 1
		}
	}
	os.Exit(code)
}

// solution returns the tokens of a solution of some steps.
func solution(steps, tokens int) (all []string) {
	for i := range steps {
		for j := range tokens - 1 {
			all = append(all, fmt.Sprintf("%d.%d ", i, j))
		}
		all = append(all, "\n\n")
	}
	return append(all, "So", " \\boxed{4}", ".")
}

// A trouble is a way in which a server serves its requests.
type trouble struct {
	name  string
	modes []modelservertest.Mode // of the requests that are not served well
	share float64                // of these requests
}

var troubles = []trouble{
	{"none", nil, 0},
	{"aborts", []modelservertest.Mode{
		modelservertest.ModeAbort, modelservertest.ModeAbortAlways, modelservertest.ModeAbortEmpty, modelservertest.ModeCut,
		modelservertest.ModeErrorEvent,
	}, 0.3},
	{"throttles", []modelservertest.Mode{
		modelservertest.ModeThrottled, modelservertest.ModeThrottledSeconds, modelservertest.ModeRestarting,
	}, 0.3},
	{"aborts all", []modelservertest.Mode{modelservertest.ModeAbortAlways}, 1},
	{"talks too long", []modelservertest.Mode{modelservertest.ModeIgnoresLimit}, 0.5},
	{"answers by other means", []modelservertest.Mode{
		modelservertest.ModeNoLogprobs, modelservertest.ModePlainJSON, modelservertest.ModeKeepAlive,
	}, 0.6},
	{"cannot be used", []modelservertest.Mode{
		modelservertest.ModeToolCalls, modelservertest.ModeNaN, modelservertest.ModeOverstates, modelservertest.ModePage,
	}, 0.1},
}

// An end is a way in which searches end.
type end string

const (
	endComplete  end = "complete"
	endCancelled end = "cancelled"
	endDeadline  end = "deadline"
)

// In one process, what servers have written is on the bills, whatever the servers do and
// however the searches end.
func TestBillsAreWhatServersWrite(t *testing.T) {
	for _, tr := range troubles {
		for _, e := range []end{endComplete, endCancelled, endDeadline} {
			t.Run(fmt.Sprintf("%s/%s", tr.name, e), func(t *testing.T) {
				natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
					c := &campaign{trouble: tr, end: e, rng: rand.New(rand.NewPCG(1, 2))}
					c.start(t, s)
					c.run(t)
				})
			})
		}
	}
}

// A campaign is a number of searches before one server.
type campaign struct {
	trouble trouble
	end     end
	mesh    *mesh.Mesh
	server  *modelservertest.Server
	proxy   *modelservertest.Proxy

	mu      sync.Mutex
	rng     *rand.Rand
	refused int // responses that a worker refuses to read on
}

// pace is the time that a server takes for a token.
const pace = 20 * time.Millisecond

// pause blocks for the time of a token, or until ctx ends.
func pause(ctx context.Context, _ int) {
	select {
	case <-time.After(pace):
	case <-ctx.Done():
	}
}

// start starts a mesh in a bubble.
func (c *campaign) start(t *testing.T, s *natsd.Server) {
	c.server = modelservertest.StartPiped(t, modelservertest.Options{
		Text: solution(3, 8), Pause: pace, ModeOf: c.mode, Before: pause,
	})
	c.proxy = modelservertest.StartProxy(t, c.server)
	engine, err := newEngine(c.proxy.URL, c.proxy)
	if err != nil {
		t.Fatal(err)
	}
	c.mesh, err = mesh.Start(t.Context(), mesh.Config{
		Policy: engine, Verifier: verifiertest.Steps(time.Millisecond), Slots: 32,
		Connect: func(name string) (*nats.Conn, error) { return s.Connect(name) },
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.mesh.Close(); err != nil {
			t.Error(err)
		}
	})
	synctest.Wait()
}

// mode returns how the server serves a request.
func (c *campaign) mode(int) modelservertest.Mode {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.trouble.modes) == 0 || c.rng.Float64() >= c.trouble.share {
		return modelservertest.ModeOK
	}
	mode := c.trouble.modes[c.rng.IntN(len(c.trouble.modes))]
	if c.trouble.name == "cannot be used" {
		c.refused++
	}
	return mode
}

// arms are the searches of a round: a strategy with its parameters, or "planned".
var arms = [][]string{
	{"best-of-n", "n=8"}, {"beam", "n=8", "m=4"}, {"majority", "n=9"}, {"mcts", "n=4", "parallel=2"}, {"planned"},
}

// request returns a request for a search of an arm.
func (c *campaign) request(t *testing.T, round int, arm []string) planner.Request {
	t.Helper()
	r := planner.Request{Problem: fmt.Sprint("count by ", arm, round), Deadline: time.Now().Add(20 * time.Second)}
	if c.trouble.name == "talks too long" {
		r.MaxTokens = new(10)
	}
	if arm[0] == "planned" {
		r.Effort = planner.EffortHigh
		return r
	}
	var err error
	if r.Strategy, err = strategies.New(arm[0], arm[1:]...); err != nil {
		t.Fatal(err)
	}
	return r
}

// run runs searches, all at the same time, and compares their bills with what the server has
// written.
func (c *campaign) run(t *testing.T) {
	var all sync.WaitGroup
	sums := &sums{}
	for round := range *rounds {
		for _, arm := range arms {
			r := c.request(t, round, arm)
			stop := time.Duration(c.rng.IntN(1500)) * time.Millisecond
			if c.end == endDeadline {
				r.Deadline = time.Now().Add(stop)
			}
			all.Go(func() {
				created, err := c.mesh.Planner.Create(context.Background(), r)
				if err != nil {
					t.Error(err)
					return
				}
				ref := planner.Ref{ID: created.ID}
				if c.end == endCancelled {
					time.Sleep(stop)
					if _, err := c.mesh.Planner.Cancel(context.Background(), ref); err != nil {
						t.Error(err)
					}
				}
				got, err := c.mesh.Planner.Wait(context.Background(), ref, time.Hour)
				if err != nil {
					t.Error(err)
					return
				}
				sums.add(got.Bill)
			})
		}
	}
	all.Wait()
	time.Sleep(time.Minute) // nothing is written any more
	sums.written = int64(c.proxy.Written())
	record(t, c.trouble.name, string(c.end), sums)
	// A server has written one token more when it notices that a response is refused.
	if gap := sums.gap(); sums.written == 0 || gap < 0 || 1000*gap > 5*sums.written+int64(1000*c.refused) {
		t.Errorf("%d of %d tokens are on no bill", gap, sums.written)
	}
}
