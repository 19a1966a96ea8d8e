package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/mesh"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A search takes exactly the time that its models take; queues and transports add none.
func TestSearchTakesTheTimeOfItsModels(t *testing.T) {
	const step, score = 10 * time.Second, 3 * time.Second
	for _, c := range []struct {
		name         string
		depth, slots int // steps of a solution, sequences at a time
		strategy     search.Strategy
		score, want  time.Duration // of one call of the verifier, of the search
	}{
		{"best of 16, slots for all, takes one step's time", 1, 32, bestOf(16), 0, step},
		{"best of 16, slots for half, takes two", 1, 8, bestOf(16), 0, 2 * step},
		{"majority of 16 calls no verifier", 1, 32, majority(16), time.Hour, step},
		{"beam of depth 1", 1, 32, beam(16, 4), 0, step},
		{"beam of depth 4 takes four steps' time", 4, 32, beam(16, 4), 0, 4 * step},
		{"beam of depth 4, with scores", 4, 32, beam(16, 4), score, 4 * (step + score)},
		{"lookahead scores a step and its rollout once", 4, 32, named("lookahead", "n=8", "k=1"),
			score, 3*(2*step+score) + step + score},
		{"DVTS", 4, 32, named("dvts", "n=16"), score, 4 * (step + score)},
		{"REBASE", 4, 32, named("rebase", "n=16"), score, 4 * (step + score)},
		{"a group of concurrent simulations takes the time of the deepest", 4, 32, named("mcts", "n=4", "parallel=4"),
			score, 4 * (step + score)},
		{"a second simulation does not expand the root again", 4, 32, named("mcts", "n=2", "width=4", "parallel=1"),
			score, (4 + 3) * (step + score)},
		{"particles", 4, 32, named("particles", "n=16"), score, 4 * (step + score)},
		{"particle Gibbs of two iterations", 4, 32, named("particles", "n=16", "iterations=2"), 0, 2 * 4 * step},
		{"four chains of four revisions", 1, 32, named("revisions", "n=16"), 0, 4 * step},
	} {
		t.Run(c.name, func(t *testing.T) {
			natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
				m := start(t, s, mesh.Config{
					Policy: policytest.Steps(c.depth, step), Verifier: verifiertest.Steps(c.score), Slots: c.slots,
				})
				began := time.Now()
				outcome, _ := solve(t, m, requestFor(c.strategy))
				took(t, began, c.want)
				complete(t, outcome)
				if got := outcome.Elapsed; got != c.want {
					t.Errorf("elapsed %v, want %v", got, c.want)
				}
			})
		})
	}
}

// The subtrees of DVTS do not wait for each other. Subtree i is slow on its level i, and
// the first child is always the best, so that a beam of the same size keeps the same
// nodes; the beam waits for a slow child on every level except the last.
func TestDVTSDoesNotWaitForStragglers(t *testing.T) {
	const depth, subtrees = 5, 4
	slow := func(r policy.Request, ordinal int) policytest.Reply {
		path := strings.Split(strings.TrimPrefix(fmt.Sprint(r.Node, ".", ordinal), "."), ".")
		first, err := strconv.Atoi(path[0])
		if err != nil {
			panic(err)
		}
		reply := policytest.Reply{Child: policy.Child{Finish: reasoning.FinishStep}, Delay: time.Second}
		if len(path) == first/4+1 {
			reply.Delay = 10 * time.Second
		}
		best := ordinal == 0 || len(path) == 1 && ordinal%4 == 0
		text := fmt.Sprintf("%d:%t\n", len(path), best)
		if len(path) == depth {
			text, reply.Child.Finish = fmt.Sprintf("A:%d\n", ordinal), reasoning.FinishEnd
		}
		reply.Child.Steps = []reasoning.Step{{Text: text, Tokens: len(text)}}
		return reply
	}
	score := func(r verifier.Request) verifiertest.Reply {
		scores := slices.Repeat([]float64{0.1}, len(r.Steps))
		if strings.HasSuffix(r.Steps[len(r.Steps)-1], ":true\n") {
			scores = slices.Repeat([]float64{0.9}, len(r.Steps))
		}
		return verifiertest.Reply{Scores: scores}
	}
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		m := start(t, s, mesh.Config{
			Policy: &policytest.Script{Reply: slow}, Verifier: &verifiertest.Script{Reply: score},
		})
		var trees []string
		for _, c := range []struct {
			strategy search.Strategy
			want     time.Duration
		}{
			{named("dvts", fmt.Sprint("n=", 4*subtrees), "m=4"), 10*time.Second + (depth-1)*time.Second},
			{named("beam", fmt.Sprint("n=", 4*subtrees), "m=4"), subtrees*10*time.Second + (depth-subtrees)*time.Second},
		} {
			began := time.Now()
			request := requestFor(c.strategy)
			request.Problem = fmt.Sprint("count by ", c.want) // different, so that the memo has no results of it
			outcome, events := solve(t, m, request)
			took(t, began, c.want)
			complete(t, outcome)
			var tree []string
			for _, n := range nodes(t, m, events[0].Search) {
				tree = append(tree, fmt.Sprint(n.ID, n.State))
			}
			trees = append(trees, strings.Join(tree, " "))
		}
		if trees[0] != trees[1] || len(strings.Fields(trees[0])) != 4*subtrees*depth {
			t.Errorf("DVTS has the nodes\n%s, the beam\n%s, want the same", trees[0], trees[1])
		}
	})
}

// A majority ends when no other answer can win, and cancels the engine's call.
func TestMajorityEndsWhenItIsCertain(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		engine := &policytest.Script{Reply: func(_ policy.Request, ordinal int) policytest.Reply {
			reply := policytest.Reply{Child: solution("7"), Delay: time.Duration(ordinal+1) * time.Second}
			if ordinal >= 5 {
				reply.Delay = policytest.Never
			}
			return reply
		}}
		m := start(t, s, mesh.Config{Policy: engine})
		began := time.Now()
		outcome, events := solve(t, m, requestFor(named("majority", "n=9")))
		took(t, began, 5*time.Second)
		complete(t, outcome)
		stopped(t, engine, began.Add(5*time.Second), context.Canceled)
		if c := outcome.Candidates; outcome.Answer != "7" || len(c) != 1 || c[0].Count != 5 {
			t.Errorf("outcome %v, want 7 by five votes", outcome)
		}
		states := map[search.State]int{}
		for _, n := range nodes(t, m, events[0].Search) {
			states[n.State]++
		}
		if states[search.StateFinished] != 5 || states[search.StatePruned] != 4 {
			t.Errorf("nodes are %v, want 5 finished and 4 pruned", states)
		}
		// An exhaustive majority waits for all samples, until its deadline.
		request := requestFor(majority(9))
		request.Problem, request.Deadline = "count on", time.Now().Add(time.Minute)
		began = time.Now()
		solve(t, m, request)
		took(t, began, time.Minute)
	})
}

// A child is scored when it arrives. The search takes 25 s; if children were scored after all
// siblings have arrived, it would take 35 s.
func TestScoringStartsWhenAChildArrives(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		began := time.Now()
		var mu sync.Mutex
		var scored []time.Duration
		scorer := &verifiertest.Script{Reply: func(r verifier.Request) verifiertest.Reply {
			mu.Lock()
			defer mu.Unlock()
			scored = append(scored, time.Since(began))
			if r.Steps[0] == "A:0\n" {
				return verifiertest.Reply{Scores: []float64{0.9}, Delay: 15 * time.Second}
			}
			return verifiertest.Reply{Scores: []float64{0.1}}
		}}
		m := start(t, s, mesh.Config{Policy: after(10*time.Second, 20*time.Second), Verifier: scorer})
		outcome, _ := solve(t, m, requestFor(bestOf(2)))
		took(t, began, 25*time.Second)
		complete(t, outcome)
		if want := []time.Duration{10 * time.Second, 20 * time.Second}; !slices.Equal(scored, want) {
			t.Errorf("scoring began after %v, want %v", scored, want)
		}
	})
}

// If a worker crashes after it has delivered one of two children, another worker generates only
// the missing child, and every token is billed once.
func TestWorkerCrash(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		doomed, healthy := after(2*time.Second, 10*time.Second), after(2*time.Second, 10*time.Second)
		m := start(t, s, mesh.Config{Policy: healthy, Workers: -1})
		crashing := startWorker(t, s, "doomed", doomed)
		began := time.Now()
		id := begin(t, m, requestFor(majority(2)))
		time.Sleep(5 * time.Second)
		crashing.crash()
		startWorker(t, s, "healthy", healthy)
		events := watch(t, m, planner.Ref{ID: id}, 0)

		// The worker's last heartbeat was after a third of the 10 s until redelivery; then
		// the child takes 10 s. JetStream's timers may be some milliseconds late.
		want := 10*time.Second/3 + 10*time.Second + 10*time.Second
		if got := time.Since(began); got < want || got > want+10*time.Millisecond {
			t.Errorf("took %v, want %v", got, want)
		}
		complete(t, events[len(events)-1].Outcome)
		if got, want := called(doomed)+called(healthy), "[0 1] gave [0]; [1] gave [1]; "; got != want {
			t.Errorf("engines: %s, want %s", got, want)
		}
		if got, want := get(t, m, id).Bill.Policy.Generated, int64(len("A:0\n")+len("A:1\n")); got != want {
			t.Errorf("%d tokens on the bill, want %d", got, want)
		}
		if got := nodes(t, m, id); len(got) != 2 {
			t.Errorf("nodes %v, want 2", got)
		}
	})
}

// called returns a text of an engine's calls: the ordinals requested and yielded.
func called(s *policytest.Script) (text string) {
	for _, c := range s.Calls() {
		text += fmt.Sprint(c.Request.Ordinals, " gave ", c.Yielded, "; ")
	}
	return text
}

// At its deadline a search ends with the best answer so far, and the engine's slots are
// free again.
func TestDeadline(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		engine := after(10*time.Second, policytest.Never)
		m := start(t, s, mesh.Config{Policy: engine})
		began := time.Now()
		request := requestFor(majority(2))
		request.Deadline = began.Add(15 * time.Second)
		outcome, events := solve(t, m, request)
		took(t, began, 15*time.Second)
		if outcome.Stop != planner.StopDeadline || outcome.Answer != "0" || reasonOf(outcome.Err) != "DEADLINE_EXCEEDED" {
			t.Errorf("outcome %v, want answer 0 at the deadline", outcome)
		}
		if got := events[len(events)-1].State; got != planner.StateSucceeded {
			t.Errorf("state %v, want succeeded", got)
		}
		// The deadline stops the engine's call, by the engine's own clock or by the planner's
		// cancel, whichever is first.
		if got, want := engine.Calls()[0].Deadline, began.Add(15*time.Second); !got.Equal(want) {
			t.Errorf("the engine's deadline was %v, want %v", got, want)
		}
		stopped(t, engine, began.Add(15*time.Second), context.DeadlineExceeded, context.Canceled)
		request = requestFor(majority(1))
		request.Problem = "count on"
		outcome, _ = solve(t, m, request)
		complete(t, outcome)
		took(t, began, 25*time.Second)
	})
}

func TestCancelReachesTheEngineAtOnce(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		engine := after(10*time.Second, policytest.Never, policytest.Never)
		m := start(t, s, mesh.Config{Policy: engine})
		began := time.Now()
		id := begin(t, m, requestFor(majority(3)))
		time.Sleep(15 * time.Second)
		got, err := m.Planner.Cancel(t.Context(), planner.Ref{ID: id})
		if err != nil {
			t.Fatal(err)
		}
		took(t, began, 15*time.Second)
		if got.State != planner.StateCancelled || reasonOf(got.Outcome.Err) != "CANCELLED_BY_CLIENT" ||
			got.Outcome.Answer != "0" {
			t.Errorf("search %v, want it cancelled with answer 0", got)
		}
		stopped(t, engine, began.Add(15*time.Second), context.Canceled)
		again, err := m.Planner.Cancel(t.Context(), planner.Ref{ID: id})
		if err != nil || again.Sequence != got.Sequence {
			t.Errorf("cancelled again: %v and error %v, want no change", again, err)
		}
	})
}

// stopped checks that the engine's first call has ended with one of the errors, and that the time
// is when.
func stopped(t *testing.T, engine *policytest.Script, when time.Time, want ...error) {
	t.Helper()
	synctest.Wait()
	call := engine.Calls()[0]
	known := slices.ContainsFunc(want, func(err error) bool { return errors.Is(call.Err, err) })
	if !call.Ended || !known || !time.Now().Equal(when) {
		t.Errorf("at %v the engine's call is %+v, want it ended at %v by one of %v", time.Now(), call, when, want)
	}
}
