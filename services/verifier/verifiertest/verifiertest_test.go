package verifiertest

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScript(t *testing.T) {
	Run(t, func(*testing.T) verifier.Verifier { return Steps(0) }, Options{})
}

func TestScriptInABubble(t *testing.T) {
	Run(t, func(*testing.T) verifier.Verifier { return Steps(10 * time.Second) }, Options{Bubble: true})
}

// Each verifier breaks one promise of the suite: the check of that name must fail, else
// it checks nothing.
func TestBrokenVerifiers(t *testing.T) {
	good := Steps(time.Second)
	kept := map[string]verifier.Result{}
	busy := make(chan bool, 1)
	names := 0
	for check, broken := range map[string]func(ctx context.Context, r verifier.Request) (verifier.Result, error){
		"one score per step": func(ctx context.Context, r verifier.Request) (verifier.Result, error) {
			result, err := good.Score(ctx, r)
			return verifier.Result{Scores: append(result.Scores, 0.5)}, err
		},
		"a score depends on its path only": func(ctx context.Context, r verifier.Request) (verifier.Result, error) {
			r.Problem += r.Node
			return good.Score(ctx, r)
		},
		"a score does not depend on later steps": func(ctx context.Context, r verifier.Request) (verifier.Result, error) {
			r.Problem += r.Steps[len(r.Steps)-1]
			return good.Score(ctx, r)
		},
		"results are the caller's to modify": func(ctx context.Context, r verifier.Request) (verifier.Result, error) {
			if _, ok := kept[r.Problem]; !ok {
				kept[r.Problem], _ = good.Score(ctx, r)
			}
			return kept[r.Problem], nil
		},
		"invalid requests": func(ctx context.Context, r verifier.Request) (verifier.Result, error) {
			if len(r.Steps) == 0 {
				return verifier.Result{}, nil
			}
			return good.Score(ctx, r)
		},
		"cancelled": func(_ context.Context, r verifier.Request) (verifier.Result, error) {
			return good.Score(context.Background(), r)
		},
		"many at once": func(ctx context.Context, r verifier.Request) (verifier.Result, error) {
			select {
			case busy <- true:
				defer func() { <-busy }()
				return good.Score(ctx, r)
			default:
				return verifier.Result{}, reasoning.ErrOverloaded
			}
		},
	} {
		for _, c := range checks {
			if c.name != check {
				continue
			}
			names++
			synctest.Test(t, func(t *testing.T) {
				if err := c.run(t.Context(), override{good, broken}, Options{Bubble: true}); err == nil {
					t.Errorf("%q passes on a verifier that breaks it", check)
				}
			})
		}
	}
	if want := len(checks) - 2; names != want { // all but "reward model is stable", and "capabilities hold", which has a test of its own
		t.Errorf("%d of %d checks have a verifier that breaks them", names, want)
	}
}

// override is a Verifier with another Score.
type override struct {
	verifier.Verifier
	score func(ctx context.Context, r verifier.Request) (verifier.Result, error)
}

func (o override) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	return o.score(ctx, r)
}

func TestScriptRecordsItsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		replies := []Reply{
			{Scores: []float64{1}}, {Scores: []float64{1, 2}}, {Scores: []float64{1.5}}, {Err: boom}, {Delay: Never},
		}
		next := 0
		s := &Script{Reply: func(verifier.Request) Reply { next++; return replies[next-1] }}
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start := time.Now()
		for range replies {
			s.Score(ctx, Options{}.request(1))
		}
		if took := time.Since(start); took != time.Minute {
			t.Errorf("took %v, want 1m", took)
		}
		var ends []error
		for _, c := range s.Calls() {
			ends = append(ends, c.Err)
		}
		want := []error{nil, verifier.ErrBadScores, verifier.ErrBadScores, boom, context.DeadlineExceeded}
		if !slices.EqualFunc(ends, want, errors.Is) {
			t.Errorf("calls ended with %v, want %v", ends, want)
		}
	})
}
