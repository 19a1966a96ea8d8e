package bench

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/rpctest"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// bubble calls test in a synctest bubble, with a runner on a planner over an engine and a verifier.
func bubble(t *testing.T, engine *policytest.Script, v verifier.Verifier, test func(t *testing.T, r Runner)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		p := planner.New(planner.Config{Policy: engine, Verifier: v})
		t.Cleanup(p.Close)
		server := rpctest.Serve(t, func(s grpc.ServiceRegistrar) { plannerrpc.Register(s, p) })
		test(t, Runner{Planner: plannerrpc.NewClient(server.Conn), Concurrent: 2, Timeout: time.Hour})
	})
}

func problems(n int) (set []problemset.Problem) {
	for i := range n {
		set = append(set, problemset.Problem{ID: fmt.Sprint("p", i), Text: fmt.Sprint("count ", i), Answer: "3"})
	}
	return set
}

func tasksOf(t *testing.T, set []problemset.Problem, names ...string) ([]Arm, [][]Task) {
	t.Helper()
	arms, err := Arms(names, []int{2})
	if err != nil {
		t.Fatal(err)
	}
	tasks, err := Tasks(set, arms, []uint64{1})
	if err != nil {
		t.Fatal(err)
	}
	return arms, tasks
}

// The arms of a problem run in sequence, and problems run concurrently.
func TestRunGroupsTasksByProblem(t *testing.T) {
	bubble(t, policytest.Steps(1, 10*time.Second), verifiertest.Steps(0), func(t *testing.T, r Runner) {
		_, tasks := tasksOf(t, problems(4), "greedy", "majority", "best-of-n")
		start := time.Now()
		var order []string
		err := r.Run(t.Context(), tasks, func(result Result) error {
			order = append(order, fmt.Sprintf("%v %s", time.Since(start).Round(time.Second), result.Arm.Name()))
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		// Best-of-n takes no time: its samples are majority's.
		want := []string{"10s greedy", "10s greedy", "20s best-of-n", "20s best-of-n", "20s majority", "20s majority"}
		slices.Sort(order[:6])
		if diff := cmp.Diff(order[:6], want); diff != "" || len(order) != 12 {
			t.Errorf("%d results; the first (-got +want):\n%s", len(order), diff)
		}
	})
}

// An arm that breaks a rule is refused before any call of the engine.
func TestCheckIsFree(t *testing.T) {
	engine := policytest.Steps(1, 0)
	bubble(t, engine, nil, func(t *testing.T, r Runner) {
		arms, _ := tasksOf(t, nil, "greedy", "best-of-n")
		if err := r.Check(t.Context(), arms[:1]); err != nil {
			t.Error(err)
		}
		if err := r.Check(t.Context(), arms); err == nil || !strings.Contains(err.Error(), "arm best-of-n 2: ") ||
			!strings.Contains(err.Error(), "no verifier") {
			t.Errorf("error %v, want one that says there is no verifier", err)
		}
	})
	bubble(t, engine, verifiertest.Steps(0), func(t *testing.T, r Runner) {
		six, err := Arms([]string{"beam:m=4"}, []int{6})
		if err != nil {
			t.Fatal(err)
		}
		if err := r.Check(t.Context(), six); !errors.Is(err, reasoning.ErrInvalid) ||
			!strings.Contains(err.Error(), "strategy.beam.m") {
			t.Errorf("error %v, want one that names strategy.beam.m", err)
		}
	})
	paid := 0
	synctest.Test(t, func(t *testing.T) {
		v := verifiertest.Steps(0)
		p := planner.New(planner.Config{Policy: engine, Verifier: v, Difficulty: difficulty.All(engine, v, nil)})
		t.Cleanup(p.Close)
		r := Runner{Planner: p, Timeout: time.Hour}
		arms := []Arm{{Kind: KindPlanned, N: 64}, {Kind: KindEstimated, N: 1, Strategy: search.Greedy{}}}
		if err := r.Check(t.Context(), arms); err != nil {
			t.Error(err)
		}
		checked := len(engine.Calls())
		planned, err := p.Plan(t.Context(), planner.Request{Problem: "1+1", Samples: 64})
		if err != nil || planned.Estimate == nil || len(engine.Calls()) == checked {
			t.Errorf("the control, a plan: %+v, error %v, want an estimate by the engine", planned, err)
		}
		paid = len(engine.Calls()) - checked
	})
	if n := len(engine.Calls()) - paid; n > 0 {
		t.Errorf("Check called the engine %d times, want none", n)
	}
}

// mute is a verifier whose first calls of RewardModel do not return before their contexts end.
type mute struct {
	*verifiertest.Script
	silent atomic.Int32 // remaining calls without a response
}

func (s *mute) RewardModel(ctx context.Context) (verifier.RewardModel, error) {
	if s.silent.Add(-1) >= 0 {
		<-ctx.Done()
		return verifier.RewardModel{}, ctx.Err()
	}
	return s.Script.RewardModel(ctx)
}

// A search that the planner replaced is repeated, and is not a result if it is replaced in every try.
func TestReplacedSearchesAreNotResults(t *testing.T) {
	for silent, want := range map[int32]string{1: "",
		9: "the planner replaced best-of-n by majority: majority of 2 instead of best-of-n"} {
		v := &mute{Script: verifiertest.Steps(0)}
		v.silent.Store(silent)
		bubble(t, policytest.Steps(2, time.Second), v, func(t *testing.T, r Runner) {
			_, tasks := tasksOf(t, problems(1), "best-of-n")
			var results []Result
			err := r.Run(t.Context(), tasks, func(r Result) error { results = append(results, r); return nil })
			if want == "" {
				if err != nil || len(results) != 1 || len(results[0].Degraded) > 0 {
					t.Errorf("results %+v, error %v", results, err)
				}
			} else if err == nil || !strings.Contains(err.Error(), want) || len(results) > 0 {
				t.Errorf("results %+v, error %v, want %q", results, err, want)
			}
		})
	}
}

// A failure of the engine is not a wrong answer of the strategy: it ends the run. If a part of the samples fails
// in every try, the result is degraded.
func TestFailures(t *testing.T) {
	engine := policytest.Steps(2, time.Second)
	say := engine.Reply
	engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
		if r.Problem == "count 1" || r.Problem == "count 0" && ordinal == 1 {
			return policytest.Reply{Err: errors.New("out of memory"), Delay: time.Minute}
		}
		return say(r, ordinal)
	}
	bubble(t, engine, verifiertest.Steps(0), func(t *testing.T, r Runner) {
		r.Concurrent = 1
		_, tasks := tasksOf(t, problems(2), "majority")
		var results []Result
		err := r.Run(t.Context(), tasks, func(r Result) error {
			results = append(results, r)
			return nil
		})
		if err == nil || !strings.Contains(err.Error(), "problem p1 with majority 2: ") ||
			!strings.Contains(err.Error(), "out of memory") {
			t.Errorf("error %v, want that of the engine", err)
		}
		if len(results) != 1 || len(results[0].Degraded) != 1 ||
			!strings.Contains(results[0].Degraded[0], "out of memory") {
			t.Errorf("results %+v, want the one that is degraded", results)
		}
		full := errors.New("disk full")
		if err := r.Run(t.Context(), tasks, func(Result) error { return full }); !errors.Is(err, full) {
			t.Errorf("error %v, want that of done", err)
		}
	})
}

func TestTasksAreDistinct(t *testing.T) {
	set := append(problems(2), problems(1)...)
	arms, err := Arms([]string{"greedy"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := Tasks(set, arms, []uint64{1}); !errors.Is(err, reasoning.ErrInvalid) ||
		!strings.Contains(err.Error(), "problem p0") {
		t.Errorf("error %v, want one that names problem p0", err)
	}
	if _, err := Tasks(set[:2], arms, []uint64{7, 7}); !errors.Is(err, reasoning.ErrInvalid) ||
		!strings.Contains(err.Error(), "seed 7") {
		t.Errorf("error %v, want one that names seed 7", err)
	}
}
