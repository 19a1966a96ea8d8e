package mesh_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A fault breaks a part of the mesh around a search for the best of 4 solutions of one
// step of 10 s. Its other fields are the expected outcome.
type fault struct {
	name    string
	models  modelFault                                          // from before the search until its end
	request func(r *planner.Request)                            // changes the request
	before  func(t *testing.T, n *restartable)                  // runs before the search
	during  func(t *testing.T, n *restartable, m *faultyModels) // runs 5 s into the search
	workers int                                                 // -1: none until the search has ended

	within   time.Duration // the longest time that the search takes
	state    planner.State
	stop     planner.Stop
	reason   string // of the outcome's error
	says     string // a part of the outcome's error
	degraded string // a part of the outcome's degraded texts
	until    string // what clients see before the end, for the document
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
			name:   "engine down",
			models: modelFault{expand: func() policytest.Reply { return policytest.Reply{Err: reasoning.Refuse(errDown)} }},
			request: func(r *planner.Request) {
				r.Deadline = time.Now().Add(time.Minute)
			},
			within: time.Minute, state: failed, stop: planner.StopDeadline, reason: "DEADLINE_EXCEEDED", says: "connection refused",
			until: "`RUNNING`, with a notice at once, until the engine is back or the deadline",
		}, {
			name:   "engine down for half a minute",
			models: modelFault{expand: func() policytest.Reply { return policytest.Reply{Err: reasoning.Refuse(errDown)} }},
			during: func(_ *testing.T, _ *restartable, m *faultyModels) {
				time.Sleep(25 * time.Second)
				m.set(modelFault{})
			},
			within: 50 * time.Second, state: succeeded, stop: completed,
			until: "`RUNNING`, with a notice at once",
		}, {
			name:   "engine throttles (429)",
			models: modelFault{expand: func() policytest.Reply { return policytest.Reply{Err: reasoning.ErrOverloaded} }},
			request: func(r *planner.Request) {
				r.Deadline = time.Now().Add(time.Minute)
			},
			within: time.Minute, state: failed, stop: planner.StopDeadline, reason: "DEADLINE_EXCEEDED",
			until: "`RUNNING`, with a notice at once, until the engine is free or the deadline",
		}, {
			name:   "engine breaks off",
			models: modelFault{expand: func() policytest.Reply { return policytest.Reply{Err: errDown} }},
			within: 5500 * time.Millisecond, state: failed, stop: byError, reason: "JOB_GIVEN_UP",
			until: "`RUNNING` at once, while the job is tried four times; a notice after 250 ms",
		}, {
			name: "engine panics",
			models: modelFault{expand: func() policytest.Reply {
				return policytest.Reply{Do: func() { panic("out of memory") }}
			}},
			within: 5500 * time.Millisecond, state: failed, stop: byError, reason: "JOB_GIVEN_UP",
			until: "`RUNNING` at once, while the job is tried four times; a notice after 250 ms",
		}, {
			name:   "engine hangs",
			models: modelFault{expand: func() policytest.Reply { return policytest.Reply{Delay: policytest.Never} }},
			request: func(r *planner.Request) {
				r.Deadline = time.Now().Add(time.Minute)
			},
			within: time.Minute, state: failed, stop: planner.StopDeadline, reason: "DEADLINE_EXCEEDED",
			until: "`RUNNING` until the deadline",
		}, {
			name:    "no worker",
			workers: -1,
			request: func(r *planner.Request) {
				r.Deadline = time.Now().Add(time.Minute)
			},
			within: time.Minute, state: failed, stop: planner.StopDeadline, reason: "DEADLINE_EXCEEDED",
			until: "`QUEUED` at once, with a notice, until a worker comes or the deadline",
		}, {
			name:   "NATS down",
			before: func(t *testing.T, n *restartable) { n.stop(t) },
			within: time.Second, state: failed, stop: byError, reason: "UNAVAILABLE",
		}, {
			name: "NATS restarts during the search, its memory lost",
			during: func(t *testing.T, n *restartable, _ *faultyModels) {
				n.stop(t)
				time.Sleep(2 * time.Second)
				n.start(t)
			},
			within: 30 * time.Second, state: succeeded, stop: completed,
			until: "`RUNNING`; the lost jobs are sent again",
		}, {
			name: "verifier down",
			models: modelFault{
				rewardModel: func(context.Context) error { return errDown },
				score:       func(verifier.Request) verifiertest.Reply { return verifiertest.Reply{Err: errDown} },
			},
			within: 10 * time.Second, state: succeeded, stop: completed, degraded: "searched without a verifier",
			until: "a notice at once, and a plan of majority instead of best-of-n",
		}, {
			name:   "verifier does not answer",
			models: modelFault{rewardModel: func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() }},
			within: 11 * time.Second, state: succeeded, stop: completed, degraded: "searched without a verifier",
			until: "a notice after 500 ms, and a plan of majority instead of best-of-n",
		}, {
			name: "verifier goes down during the search",
			during: func(_ *testing.T, _ *restartable, m *faultyModels) {
				m.set(modelFault{score: func(verifier.Request) verifiertest.Reply {
					return verifiertest.Reply{Err: errDown}
				}})
			},
			within: 11 * time.Second, state: succeeded, stop: completed, degraded: "chose by majority",
			until: "nodes without a value, with the reason",
		}, {
			name: "reward model returns the wrong number of scores",
			models: modelFault{score: func(r verifier.Request) verifiertest.Reply {
				return verifiertest.Reply{Scores: make([]float64, len(r.Steps)+1)}
			}},
			within: 10 * time.Second, state: succeeded, stop: completed, degraded: "2 scores for 1 steps",
			until: "nodes without a value, with the reason",
		}, {
			name: "reward model returns a score of 7",
			models: modelFault{score: func(r verifier.Request) verifiertest.Reply {
				return verifiertest.Reply{Scores: []float64{7}}
			}},
			within: 10 * time.Second, state: succeeded, stop: completed, degraded: "verifier returned invalid scores",
			until: "nodes without a value, with the reason",
		}, {
			name:    "no solution ends within max_tokens",
			request: func(r *planner.Request) { r.MaxTokens = new(1) },
			within:  10 * time.Second, state: failed, stop: completed, reason: "NO_ANSWER",
		}, {
			name:    "the budget is less than a sample needs",
			request: func(r *planner.Request) { r.Budget.PolicyTokens = 2 },
			within:  10 * time.Second, state: failed, stop: planner.StopBudget, reason: "NO_ANSWER",
		},
	}
}

// With one part down, a search ends in time and its outcome names the fault; the mesh serves the
// next search when the part works again.
func TestFaults(t *testing.T) {
	var rows [][]string
	for _, f := range faults() {
		t.Run(f.name, func(t *testing.T) {
			natstest.Outside(t)
			synctest.Test(t, f.run)
		})
		rows = append(rows, []string{
			f.name, enumCode(f.state), enumCode(f.stop), quoteCode(f.reason), f.degraded, within(f.within), f.until,
		})
	}
	checkDocument(t, "faults", []string{
		"Fault", "State", "Stop reason", "Error's reason", "Degraded says", "Ends within", "Before that",
	}, rows)
}

// run runs a search with the fault, and one after it without.
func (f fault) run(t *testing.T) {
	server := &restartable{}
	server.start(t)
	models := newFaultyModels()
	m := start(t, nil, mesh.Config{
		Policy: models.policy, Verifier: models, Workers: f.workers,
		Connect: func(name string) (*nats.Conn, error) {
			return natsx.Connect("nats://in-process", name, nats.InProcessServer(server))
		},
	})
	models.set(f.models)
	if f.before != nil {
		f.before(t, server)
	}
	request := requestFor(bestOf(4))
	if f.request != nil {
		f.request(&request)
	}
	began := time.Now()
	if f.during != nil {
		go func() {
			time.Sleep(5 * time.Second)
			f.during(t, server, models)
		}()
	}
	outcome, events := solve(t, m, request)
	// JetStream's timers of redelivery may be some milliseconds late.
	if got := time.Since(began); got > f.within+10*time.Millisecond {
		t.Errorf("ended after %v, want within %v", got, f.within)
	}
	state := events[len(events)-1].State
	if state != f.state || outcome.Stop != f.stop || reasonOf(outcome.Err) != f.reason {
		t.Errorf("got %v, %v, %v; want %v, %v, %s",
			state, outcome.Stop, outcome.Err, f.state, f.stop, f.reason)
	}
	if !strings.Contains(fmt.Sprint(outcome.Err), f.says) {
		t.Errorf("the error is %v, want %q in it", outcome.Err, f.says)
	}
	if (state == succeeded) != (outcome.Answer != "") {
		t.Errorf("%v with answer %q", state, outcome.Answer)
	}
	degraded := strings.Join(outcome.Degraded, "; ")
	if !strings.Contains(degraded, f.degraded) || (degraded == "") != (f.degraded == "") {
		t.Errorf("degraded %q, want %q", degraded, f.degraded)
	}
	got := notices(events)
	if want := strings.Contains(f.until, "a notice"); want != (len(got) > 0) || len(got) > 1 {
		t.Errorf("notices %q, want one: %t", got, want)
	}
	t.Logf("after %v: error %q, degraded %q, notices %q",
		time.Since(began), outcome.Err, degraded, got)

	models.set(modelFault{})
	if server.server == nil {
		server.start(t)
	}
	if f.workers < 0 {
		startWorker(t, server.server, "late", models.policy)
	}
	time.Sleep(3 * time.Second) // clients reconnect
	good := requestFor(bestOf(4))
	good.Problem = "count again"
	outcome, _ = solve(t, m, good)
	complete(t, outcome)
}

// enumCode returns the contract's name of an enum's value, without its type's, as Markdown
// code.
func enumCode(e fmt.Stringer) string { return quoteCode(strings.ToUpper(e.String())) }

// within returns the text for a bound on the time to the end.
func within(d time.Duration) string {
	if d == 0 {
		return "at once"
	}
	return fmt.Sprintf("≤ %g s", d.Seconds())
}
