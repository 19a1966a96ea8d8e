package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A fault is what is wrong during a search for the best of 4, of one step of 10 s,
// and how the search ends.
type fault struct {
	what     string
	sick     sickness                                 // of the models
	request  func(r *planner.Request)                 // what is odd about it
	before   func(t *testing.T, n *harbour)           // the search
	during   func(t *testing.T, n *harbour, w *moody) // 5 s into it, if it has not ended
	workers  int                                      // -1: none until the search has ended
	within   time.Duration                            // it ends
	state    planner.State
	stop     planner.Stop
	reason   string // of the outcome's error
	degraded string // is a part of what the outcome says
	seen     string // until then, in words
}

// A sickness is what models do instead of their work; nil does the work.
type sickness struct {
	line  func() policytest.Reply
	judge func(ctx context.Context) error
	score func(r verifier.Request) verifiertest.Reply
}

// moody is a policy and a verifier that can be sick.
type moody struct {
	policy *policytest.Script
	*verifiertest.Script

	mu   sync.Mutex
	sick sickness
}

func newMoody() *moody {
	m := &moody{policy: policytest.Steps(1, 10*time.Second), Script: verifiertest.Steps(0)}
	write, score := m.policy.Reply, m.Reply
	m.policy.Reply = func(r policy.Request, ordinal int) policytest.Reply {
		if sick := m.state().line; sick != nil {
			return sick()
		}
		return write(r, ordinal)
	}
	m.Reply = func(r verifier.Request) verifiertest.Reply {
		if sick := m.state().score; sick != nil {
			return sick(r)
		}
		return score(r)
	}
	return m
}

// RewardModel implements verifier.Verifier.
func (m *moody) RewardModel(ctx context.Context) (verifier.RewardModel, error) {
	if sick := m.state().judge; sick != nil {
		if err := sick(ctx); err != nil {
			return verifier.RewardModel{}, err
		}
	}
	return m.Script.RewardModel(ctx)
}

func (m *moody) state() sickness {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.sick
}

func (m *moody) fall(s sickness) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.sick = s
}

// A harbour leads connections to the NATS server that runs now.
type harbour struct {
	mu     sync.Mutex
	server *natsd.Server
}

// InProcessConn is what nats.InProcessServer asks a server for.
func (h *harbour) InProcessConn() (net.Conn, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.server == nil {
		return nil, errors.New("no server")
	}
	return h.server.InProcessConn()
}

// open starts a server, with nothing in it, until the end of the test.
func (h *harbour) open(t *testing.T) {
	s := natstest.Server(t)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.server = s
}

func (h *harbour) shut(t *testing.T) {
	h.mu.Lock()
	s := h.server
	h.server = nil
	h.mu.Unlock()
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	synctest.Wait()
}

var errDown = fmt.Errorf("%w: connection refused", reasoning.ErrUnavailable)

const (
	succeeded = planner.StateSucceeded
	failed    = planner.StateFailed
	completed = planner.StopComplete
	byError   = planner.StopError
)

func faults() []fault {
	return []fault{
		{
			what:   "engine down",
			sick:   sickness{line: func() policytest.Reply { return policytest.Reply{Err: errDown} }},
			within: 5500 * time.Millisecond, state: failed, stop: byError, reason: "JOB_GIVEN_UP",
			seen: "`RUNNING` at once, while the job is tried four times; a notice after 250 ms",
		}, {
			what:   "engine panics",
			sick:   sickness{line: func() policytest.Reply { return policytest.Reply{Do: func() { panic("out of memory") }} }},
			within: 5500 * time.Millisecond, state: failed, stop: byError, reason: "JOB_GIVEN_UP",
			seen: "`RUNNING` at once, while the job is tried four times; a notice after 250 ms",
		}, {
			what: "engine hangs",
			sick: sickness{line: func() policytest.Reply { return policytest.Reply{Delay: policytest.Never} }},
			request: func(r *planner.Request) {
				r.Deadline = time.Now().Add(time.Minute)
			},
			within: time.Minute, state: failed, stop: planner.StopDeadline, reason: "DEADLINE_EXCEEDED",
			seen: "`RUNNING` until the deadline",
		}, {
			what:    "no worker",
			workers: -1,
			request: func(r *planner.Request) {
				r.Deadline = time.Now().Add(time.Minute)
			},
			within: time.Minute, state: failed, stop: planner.StopDeadline, reason: "DEADLINE_EXCEEDED",
			seen: "`QUEUED` at once, with a notice, until a worker comes or the deadline",
		}, {
			what:   "NATS down",
			before: func(t *testing.T, n *harbour) { n.shut(t) },
			within: time.Second, state: failed, stop: byError, reason: "UNAVAILABLE",
		}, {
			what: "NATS restarts during the search, its memory lost",
			during: func(t *testing.T, n *harbour, _ *moody) {
				n.shut(t)
				time.Sleep(2 * time.Second)
				n.open(t)
			},
			within: 30 * time.Second, state: succeeded, stop: completed,
			seen: "`RUNNING`; what was lost is asked for again",
		}, {
			what: "verifier down",
			sick: sickness{
				judge: func(context.Context) error { return errDown },
				score: func(verifier.Request) verifiertest.Reply { return verifiertest.Reply{Err: errDown} },
			},
			within: 10 * time.Second, state: succeeded, stop: completed, degraded: "searched without a verifier",
			seen: "a notice at once, and a plan of majority instead of best-of-n",
		}, {
			what:   "verifier does not answer",
			sick:   sickness{judge: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
			within: 11 * time.Second, state: succeeded, stop: completed, degraded: "searched without a verifier",
			seen: "a notice after 500 ms, and a plan of majority instead of best-of-n",
		}, {
			what: "verifier goes down during the search",
			during: func(_ *testing.T, _ *harbour, w *moody) {
				w.fall(sickness{score: func(verifier.Request) verifiertest.Reply { return verifiertest.Reply{Err: errDown} }})
			},
			within: 11 * time.Second, state: succeeded, stop: completed, degraded: "chose by majority",
			seen: "nodes without a value, whose reason says why",
		}, {
			what: "PRM gives the wrong number of scores",
			sick: sickness{score: func(r verifier.Request) verifiertest.Reply {
				return verifiertest.Reply{Scores: make([]float64, len(r.Steps)+1)}
			}},
			within: 10 * time.Second, state: succeeded, stop: completed, degraded: "2 scores for 1 steps",
			seen: "nodes without a value, whose reason says why",
		}, {
			what: "PRM gives a score of 7",
			sick: sickness{score: func(r verifier.Request) verifiertest.Reply {
				return verifiertest.Reply{Scores: []float64{7}}
			}},
			within: 10 * time.Second, state: succeeded, stop: completed, degraded: "verifier returned invalid scores",
			seen: "nodes without a value, whose reason says why",
		}, {
			what:    "no solution ends within max_tokens",
			request: func(r *planner.Request) { r.MaxTokens = new(1) },
			within:  10 * time.Second, state: failed, stop: completed, reason: "NO_ANSWER",
		}, {
			what:    "the budget has not a token for each sample",
			request: func(r *planner.Request) { r.Budget.PolicyTokens = 2 },
			within:  0, state: failed, stop: planner.StopBudget, reason: "NO_ANSWER",
		},
	}
}

// With any part down, a search ends in time, says why, and the mesh serves the next
// one as soon as the part is back.
func TestFaults(t *testing.T) {
	var rows [][]string
	for _, f := range faults() {
		t.Run(f.what, func(t *testing.T) {
			natstest.Outside(t)
			synctest.Test(t, f.run)
		})
		rows = append(rows, []string{
			f.what, short(f.state), short(f.stop), tick(f.reason), f.degraded, within(f.within), f.seen,
		})
	}
	documented(t, "faults", []string{"Fault", "State", "Stop reason", "Error's reason", "Degraded says", "Ends within", "Before that"}, rows)
}

func (f fault) run(t *testing.T) {
	port := &harbour{}
	port.open(t)
	models := newMoody()
	m := start(t, nil, mesh.Config{
		Policy: models.policy, Verifier: models, Workers: f.workers,
		Connect: func(name string) (*nats.Conn, error) {
			return natsx.Connect("nats://in-process", name, nats.InProcessServer(port))
		},
	})
	models.fall(f.sick)
	if f.before != nil {
		f.before(t, port)
	}
	request := ask(bestOf(4))
	if f.request != nil {
		f.request(&request)
	}
	began := time.Now()
	if f.during != nil {
		go func() {
			time.Sleep(5 * time.Second)
			f.during(t, port, models)
		}()
	}
	outcome, events := solve(t, m, request)
	// JetStream's timers for what comes again may be some milliseconds late.
	if got := time.Since(began); got > f.within+10*time.Millisecond {
		t.Errorf("ended after %v, want within %v", got, f.within)
	}
	state := events[len(events)-1].State
	if state != f.state || outcome.Stop != f.stop || reasonOf(outcome.Err) != f.reason {
		t.Errorf("got %v, %v, %v; want %v, %v, %s", state, outcome.Stop, outcome.Err, f.state, f.stop, f.reason)
	}
	if (state == succeeded) != (outcome.Answer != "") {
		t.Errorf("%v with answer %q", state, outcome.Answer)
	}
	if got := strings.Join(outcome.Degraded, "; "); !strings.Contains(got, f.degraded) || (got == "") != (f.degraded == "") {
		t.Errorf("degraded %q, want %q", got, f.degraded)
	}
	if told := notices(events); strings.Contains(f.seen, "a notice") != (len(told) > 0) || len(told) > 1 {
		t.Errorf("notices %q; clients see %q", told, f.seen)
	}
	t.Logf("after %v: error %q, degraded %q, notices %q", time.Since(began), outcome.Err, outcome.Degraded, notices(events))

	models.fall(sickness{})
	if port.server == nil {
		port.open(t)
	}
	if f.workers < 0 {
		startWorker(t, port.server, "late", models.policy)
	}
	time.Sleep(3 * time.Second) // connections come back
	good := ask(bestOf(4))
	good.Problem = "count again"
	outcome, _ = solve(t, m, good)
	complete(t, outcome)
}

// short returns the contract's name of an enum's value, without its type's.
func short(e fmt.Stringer) string { return tick(strings.ToUpper(e.String())) }

func within(d time.Duration) string {
	if d == 0 {
		return "at once"
	}
	return fmt.Sprintf("≤ %g s", d.Seconds())
}
