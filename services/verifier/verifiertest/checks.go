package verifiertest

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
	"go.uber.org/goleak"
)

var checks = []check{
	{name: "reward model is stable", run: modelIsStable},
	{name: "capabilities hold", run: capabilitiesHold},
	{name: "one score per step", run: oneScorePerStep},
	{name: "a score depends on its path only", equal: true, run: pathOnly},
	{name: "a score does not depend on later steps", equal: true, causal: true, run: causal},
	{name: "results are the caller's to modify", equal: true, run: resultsAreOwn},
	{name: "invalid requests", run: invalid},
	{name: "cancelled", run: cancelled},
	{name: "many at once", run: manyAtOnce},
}

func modelIsStable(ctx context.Context, v verifier.Verifier, o Options) error {
	first, err := v.RewardModel(ctx)
	if err != nil {
		return err
	}
	if first.Name == "" || first.Aggregator < verifier.AggregatorMin || first.Aggregator > verifier.AggregatorProd {
		return fmt.Errorf("reward model is %+v, want a name and an aggregator", first)
	}
	if _, err := score(ctx, v, o.request(1)); err != nil {
		return err
	}
	second, err := v.RewardModel(ctx)
	if err == nil && first != second {
		err = fmt.Errorf("reward model changes from %+v to %+v", first, second)
	}
	return err
}

func oneScorePerStep(ctx context.Context, v verifier.Verifier, o Options) error {
	for n := range o.request(0).Steps {
		if _, err := score(ctx, v, o.request(n+1)); err != nil {
			return fmt.Errorf("%d steps: %w", n+1, err)
		}
	}
	return nil
}

func pathOnly(ctx context.Context, v verifier.Verifier, o Options) error {
	want, err := score(ctx, v, o.request(0))
	if err != nil {
		return err
	}
	r := o.request(0)
	r.Tenant, r.Search, r.Node = "another-tenant", "another-search", "7"
	got, err := score(ctx, v, r)
	if err != nil {
		return err
	}
	return same(got.Scores, want.Scores)
}

func causal(ctx context.Context, v verifier.Verifier, o Options) error {
	whole, err := score(ctx, v, o.request(0))
	if err != nil {
		return err
	}
	for n := 1; n < len(whole.Scores); n++ {
		got, err := score(ctx, v, o.request(n))
		if err != nil {
			return err
		}
		if err := same(got.Scores, whole.Scores[:n]); err != nil {
			return fmt.Errorf("first %d steps alone: %w", n, err)
		}
	}
	return nil
}

func resultsAreOwn(ctx context.Context, v verifier.Verifier, o Options) error {
	first, err := score(ctx, v, o.request(0))
	if err != nil {
		return err
	}
	want := slices.Clone(first.Scores)
	clear(first.Scores)
	again, err := score(ctx, v, o.request(0))
	if err != nil {
		return err
	}
	return same(again.Scores, want)
}

func invalid(ctx context.Context, v verifier.Verifier, o Options) error {
	for _, c := range []struct {
		field, name string
		corrupt     func(*verifier.Request)
	}{
		{"problem", "empty", func(r *verifier.Request) { r.Problem = "" }},
		{"problem", "too long", func(r *verifier.Request) { r.Problem = strings.Repeat("x", verifier.MaxProblem+1) }},
		{"problem", "not UTF-8", func(r *verifier.Request) { r.Problem = "\xff" }},
		{"steps", "not UTF-8", func(r *verifier.Request) { r.Steps = []string{"\xff"} }},
		{"steps", "none", func(r *verifier.Request) { r.Steps = nil }},
		{"steps", "too many", func(r *verifier.Request) { r.Steps = make([]string, verifier.MaxSteps+1) }},
		{"steps", "too long", func(r *verifier.Request) { r.Steps = []string{strings.Repeat("x", verifier.MaxPath+1)} }},
	} {
		r := o.request(0)
		c.corrupt(&r)
		result, err := v.Score(ctx, r)
		var rule *reasoning.InvalidError
		switch {
		case !errors.As(err, &rule) || !errors.Is(err, reasoning.ErrInvalid):
			return fmt.Errorf("%s %s: got error %v, want an InvalidError", c.field, c.name, err)
		case rule.Field != c.field || rule.Rule == "":
			return fmt.Errorf("%s %s: got field %q and rule %q", c.field, c.name, rule.Field, rule.Rule)
		case result.Scores != nil:
			return fmt.Errorf("%s %s: got scores %v", c.field, c.name, result.Scores)
		}
	}
	_, err := score(ctx, v, o.request(0)) // the verifier still serves valid requests
	return err
}

func cancelled(ctx context.Context, v verifier.Verifier, o Options) error {
	if _, err := score(ctx, v, o.request(0)); err != nil { // so that connections are open from now on
		return err
	}
	before := append([]goleak.Option{goleak.IgnoreCurrent()}, o.Leaks...)
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	late, cancel := context.WithTimeout(ctx, 0)
	defer cancel()
	for _, ended := range []context.Context{cancelled, late} {
		if result, err := v.Score(ended, o.request(0)); !errors.Is(err, ended.Err()) || result.Scores != nil {
			return fmt.Errorf("got scores %v and error %v, want %v", result.Scores, err, ended.Err())
		}
	}
	start := time.Now()
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := score(short, v, o.request(0)); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("deadline: %w", err)
	}
	if took := time.Since(start); o.Bubble && took > time.Millisecond {
		return fmt.Errorf("ended after %v, want the deadline of 1ms", took)
	}
	if err := goleak.Find(before...); err != nil {
		return err
	}
	_, err := score(ctx, v, o.request(0)) // the verifier still serves
	return err
}

func manyAtOnce(ctx context.Context, v verifier.Verifier, o Options) error {
	const requests = 32
	request := func(i int) verifier.Request {
		r := o.request(0)
		r.Steps = r.Steps[:1+i%len(r.Steps)]
		r.Problem = fmt.Sprintf("%s %d", r.Problem, i%5)
		return r
	}
	var errs [requests]error
	var got [requests]verifier.Result
	var all sync.WaitGroup
	for i := range requests {
		all.Go(func() { got[i], errs[i] = score(ctx, v, request(i)) })
	}
	all.Wait()
	if err := errors.Join(errs[:]...); err != nil || o.Random {
		return err
	}
	for i := range requests {
		alone, err := score(ctx, v, request(i))
		if err != nil {
			return err
		}
		if err := same(got[i].Scores, alone.Scores); err != nil {
			return fmt.Errorf("request %d at the same time as others: %w", i, err)
		}
	}
	return nil
}

// score calls Score. It returns an error if the result breaks a rule that holds for
// every request.
func score(ctx context.Context, v verifier.Verifier, r verifier.Request) (verifier.Result, error) {
	result, err := v.Score(ctx, r)
	if err != nil {
		if result.Scores != nil {
			err = fmt.Errorf("%w, and scores %v", err, result.Scores)
		}
		return result, err
	}
	u := result.Usage
	if u.Generated != 0 || u.Prompt != 0 || u.Cached < 0 || u.Verifier < 0 || !(u.FLOPs >= 0) || result.Took < 0 {
		return result, fmt.Errorf("usage is %+v in %v, want verifier tokens and cached ones only", u, result.Took)
	}
	return result, r.Check(result.Scores)
}

// same returns an error unless the scores are equal up to rounding.
func same(got, want []float64) error {
	if !slices.EqualFunc(got, want, func(a, b float64) bool { return math.Abs(a-b) < 1e-4 }) {
		return fmt.Errorf("got scores %v, want %v", got, want)
	}
	return nil
}
