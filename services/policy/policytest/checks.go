package policytest

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
	"github.com/ponder-mesh/ponder/services/policy"
	"go.uber.org/goleak"
)

var checks = []check{
	{name: "model is stable", run: modelIsStable},
	{name: "each ordinal comes once", run: eachOrdinalOnce},
	{name: "span bounds the steps", run: spanBounds},
	{name: "steps can be continued", run: continues},
	{name: "tokens are bounded", run: tokensBounded},
	{name: "cut by tokens", seeded: true, run: cutByTokens},
	{name: "prompt is charged once", run: promptOnce},
	{name: "a child is its seed and ordinal", seeded: true, run: childIsItsSeed},
	{name: "a sample's first step is the step's sample", seeded: true, run: wholeBeginsWithStep},
	{name: "a stop ends the text", run: stops},
	{name: "attempts are seen", run: attemptsSeen},
	{name: "greedy siblings are alike", seeded: true, run: greedyAlike},
	{name: "invalid requests", run: invalid},
	{name: "wrong model", run: wrongModel},
	{name: "queued requests start", run: starts},
	{name: "gone before it began", run: goneBefore},
	{name: "gone in the middle", run: goneInTheMiddle},
	{name: "many at once", run: manyAtOnce},
}

func modelIsStable(ctx context.Context, p policy.Policy, o Options) error {
	first, err := p.Model(ctx)
	if err != nil {
		return err
	}
	if first.Name == "" {
		return errors.New("model has no name")
	}
	if _, err := collect(ctx, p, o.request(1, 0)); err != nil {
		return err
	}
	second, err := p.Model(ctx)
	if err == nil && first != second {
		err = fmt.Errorf("model was %+v and is %+v", first, second)
	}
	return err
}

func eachOrdinalOnce(ctx context.Context, p policy.Policy, o Options) error {
	for _, ordinals := range [][]int{{0}, {5}, {0, 1, 2, 3, 4, 5, 6, 7}, {9, 3, math.MaxInt32, 0}} {
		if _, err := collect(ctx, p, o.request(1, ordinals...)); err != nil {
			return fmt.Errorf("ordinals %v: %w", ordinals, err)
		}
	}
	return nil
}

func spanBounds(ctx context.Context, p policy.Policy, o Options) error {
	for _, span := range []int{1, 2, 3, policy.MaxSpan, policy.Whole} {
		if _, err := collect(ctx, p, o.request(span, 0, 1, 2)); err != nil {
			return fmt.Errorf("span %d: %w", span, err)
		}
	}
	return nil
}

// continues follows a first child until its text ends, at most eight steps deep.
func continues(ctx context.Context, p policy.Policy, o Options) error {
	r := o.request(1, 0)
	for range 8 {
		children, err := collect(ctx, p, r)
		if err != nil {
			return fmt.Errorf("after %d steps: %w", len(r.Steps), err)
		}
		c := children[0]
		if c.Finish != reasoning.FinishStep {
			return nil
		}
		r.Steps = append(r.Steps, reasoning.Texts(c.Steps)...)
		r.Seed = r.Seed.Child(0)
		r.Node = strings.TrimPrefix(r.Node+".0", ".")
	}
	return nil
}

func tokensBounded(ctx context.Context, p policy.Policy, o Options) error {
	for _, bound := range []int{1, 2, 5} {
		r := o.request(policy.Whole, 0, 1, 2)
		r.Sampling.MaxTokens = bound
		if _, err := collect(ctx, p, r); err != nil {
			return fmt.Errorf("at most %d tokens: %w", bound, err)
		}
	}
	return nil
}

func cutByTokens(ctx context.Context, p policy.Policy, o Options) error {
	r := o.request(policy.Whole, 0, 1, 2, 3)
	whole, err := collect(ctx, p, r)
	if err != nil {
		return err
	}
	for ordinal, full := range whole {
		if full.Usage.Generated < 2 || full.Finish != reasoning.FinishEnd {
			continue
		}
		r.Ordinals, r.Sampling.MaxTokens = []int{ordinal}, int(full.Usage.Generated)-1
		cut, err := collect(ctx, p, r)
		if err != nil {
			return err
		}
		got, want := cut[ordinal], reasoning.Join(full.Steps)
		if got.Finish != reasoning.FinishLength {
			return fmt.Errorf("child %d of %d tokens finishes by %v when it may have one less, want length", ordinal, full.Usage.Generated, got.Finish)
		}
		if text := reasoning.Join(got.Steps); !strings.HasPrefix(want, text) {
			return fmt.Errorf("child %d says %q when it may have one token less, want a beginning of %q", ordinal, text, want)
		}
	}
	return nil
}

func promptOnce(ctx context.Context, p policy.Policy, o Options) error {
	first := true
	for c, err := range p.Expand(ctx, o.request(1, 0, 1, 2, 3)) {
		if err != nil {
			return err
		}
		switch tokens := c.Usage.Prompt + c.Usage.Cached; {
		case first && tokens == 0:
			return errors.New("the first child that finished was not charged the prefix")
		case !first && tokens > 0:
			return fmt.Errorf("child %d is charged %d tokens of the prefix again", c.Ordinal, tokens)
		}
		first = false
	}
	return nil
}

func childIsItsSeed(ctx context.Context, p policy.Policy, o Options) error {
	for _, span := range []int{1, 2, policy.Whole} {
		among, err := collect(ctx, p, o.request(span, 0, 1, 2, 3, 4))
		if err != nil {
			return err
		}
		reversed, err := collect(ctx, p, o.request(span, 4, 3, 2, 1, 0))
		if err != nil {
			return err
		}
		elsewhere := o.request(span, 3)
		elsewhere.Search, elsewhere.Tenant, elsewhere.Node = "another-search", "another-tenant", "8.1"
		alone, err := collect(ctx, p, elsewhere)
		if err != nil {
			return err
		}
		for ordinal, c := range among {
			if err := same(reversed[ordinal], c); err != nil {
				return fmt.Errorf("span %d, child %d among siblings in another order: %w", span, ordinal, err)
			}
		}
		if err := same(alone[3], among[3]); err != nil {
			return fmt.Errorf("span %d, child 3 alone and in another search: %w", span, err)
		}
	}
	return nil
}

func wholeBeginsWithStep(ctx context.Context, p policy.Policy, o Options) error {
	whole, err := collect(ctx, p, o.request(policy.Whole, 0, 1, 2, 3))
	if err != nil {
		return err
	}
	for _, span := range []int{1, 2} {
		steps, err := collect(ctx, p, o.request(span, 0, 1, 2, 3))
		if err != nil {
			return err
		}
		for ordinal, want := range whole {
			if len(want.Steps) > span { // what comes after is cut off
				want.Steps, want.Finish = want.Steps[:span], reasoning.FinishStep
			}
			if err := same(steps[ordinal], want); err != nil {
				return fmt.Errorf("child %d, span %d and whole: %w", ordinal, span, err)
			}
		}
	}
	return nil
}

// stops at what ends the first step, less its beginning: mostly a byte and a delimiter.
func stops(ctx context.Context, p policy.Policy, o Options) error {
	whole, err := collect(ctx, p, o.request(policy.Whole, 0, 1, 2, 3))
	if err != nil {
		return err
	}
	for ordinal, full := range whole {
		first, text := full.Steps[0].Text, reasoning.Join(full.Steps)
		if len(full.Steps) < 2 || len(first) < 2 {
			continue
		}
		r := o.request(policy.Whole, ordinal)
		r.Stop = strings.ToValidUTF8(first[len(first)-2:], "")
		children, err := collect(ctx, p, r)
		if err != nil {
			return fmt.Errorf("stop %q: %w", r.Stop, err)
		}
		before, _, _ := strings.Cut(text, r.Stop)
		got := children[ordinal]
		switch {
		case strings.Contains(strings.TrimSuffix(reasoning.Join(got.Steps), r.Stop), r.Stop):
			return fmt.Errorf("child %d goes on after %q: %q", ordinal, r.Stop, reasoning.Texts(got.Steps))
		case !o.Random && (reasoning.Join(got.Steps) != before+r.Stop || got.Finish != reasoning.FinishStep):
			return fmt.Errorf("child %d is %q by %v with the stop %q and %q without", ordinal, reasoning.Join(got.Steps), got.Finish, r.Stop, text)
		}
	}
	return nil
}

// attemptsSeen shows a body its own solution: that is more to read, and what follows
// is written in view of it.
func attemptsSeen(ctx context.Context, p policy.Policy, o Options) error {
	r := o.request(policy.Whole, 0, 1, 2, 3, 4, 5, 6, 7)
	first, err := collect(ctx, p, r)
	if err != nil {
		return err
	}
	r.Attempts = []string{reasoning.Join(first[0].Steps)}
	second, err := collect(ctx, p, r)
	if err != nil {
		return fmt.Errorf("with an attempt: %w", err)
	}
	read := func(children map[int]policy.Child) (tokens int64) {
		for _, c := range children {
			tokens += c.Usage.Prompt + c.Usage.Cached
		}
		return tokens
	}
	if before, after := read(first), read(second); after <= before {
		return fmt.Errorf("with an attempt %d tokens were read, without %d", after, before)
	}
	for ordinal := range first {
		if o.Random || same(first[ordinal], second[ordinal]) != nil {
			return nil
		}
	}
	return errors.New("an attempt changes none of 8 solutions")
}

func greedyAlike(ctx context.Context, p policy.Policy, o Options) error {
	r := o.request(policy.Whole, 0, 1, 2)
	r.Sampling.Temperature = 0
	children, err := collect(ctx, p, r)
	if err != nil {
		return err
	}
	for ordinal, c := range children {
		if err := same(c, children[0]); err != nil {
			return fmt.Errorf("children %d and 0 at temperature 0: %w", ordinal, err)
		}
	}
	return nil
}

func invalid(ctx context.Context, p policy.Policy, o Options) error {
	for _, c := range []struct {
		field, name string
		spoil       func(*policy.Request)
	}{
		{"tenant", "not UTF-8", func(r *policy.Request) { r.Tenant = "\xff" }},
		{"node_id", "not UTF-8", func(r *policy.Request) { r.Node = "\xff" }},
		{"search_id", "empty", func(r *policy.Request) { r.Search = "" }},
		{"search_id", "of a wildcard", func(r *policy.Request) { r.Search = "a.>" }},
		{"problem", "empty", func(r *policy.Request) { r.Problem = "" }},
		{"problem", "too long", func(r *policy.Request) { r.Problem = strings.Repeat("x", policy.MaxProblem+1) }},
		{"problem", "not UTF-8", func(r *policy.Request) { r.Problem = "\xff" }},
		{"steps", "too many", func(r *policy.Request) { r.Steps = make([]string, policy.MaxSteps+1) }},
		{"steps", "too long", func(r *policy.Request) { r.Steps = []string{strings.Repeat("x", policy.MaxPrefix+1)} }},
		{"steps", "not UTF-8", func(r *policy.Request) { r.Steps = []string{"\xff"} }},
		{"attempts", "too many", func(r *policy.Request) { r.Attempts = make([]string, policy.MaxAttempts+1) }},
		{"attempts", "too long", func(r *policy.Request) {
			r.Steps, r.Attempts = []string{"x"}, []string{strings.Repeat("x", policy.MaxPrefix)}
		}},
		{"attempts", "not UTF-8", func(r *policy.Request) { r.Attempts = []string{"\xff"} }},
		{"ordinals", "none", func(r *policy.Request) { r.Ordinals = nil }},
		{"ordinals", "too many", func(r *policy.Request) { r.Ordinals = make([]int, policy.MaxChildren+1) }},
		{"ordinals", "negative", func(r *policy.Request) { r.Ordinals = []int{-1} }},
		{"ordinals", "twice", func(r *policy.Request) { r.Ordinals = []int{1, 1} }},
		{"span", "negative", func(r *policy.Request) { r.Span = -1 }},
		{"span", "too long", func(r *policy.Request) { r.Span = policy.MaxSpan + 1 }},
		{"stop", "too long", func(r *policy.Request) { r.Stop = strings.Repeat("x", policy.MaxStop+1) }},
		{"stop", "not UTF-8", func(r *policy.Request) { r.Stop = "\xff" }},
		{"sampling.temperature", "NaN", func(r *policy.Request) { r.Sampling.Temperature = math.NaN() }},
		{"sampling.temperature", "too high", func(r *policy.Request) { r.Sampling.Temperature = 2.1 }},
		{"sampling.top_p", "zero", func(r *policy.Request) { r.Sampling.TopP = 0 }},
		{"sampling.max_tokens", "none", func(r *policy.Request) { r.Sampling.MaxTokens = 0 }},
		{"sampling.max_tokens", "too many", func(r *policy.Request) { r.Sampling.MaxTokens = policy.MaxTokens + 1 }},
	} {
		r := o.request(1, 0)
		c.spoil(&r)
		children, err := collect(ctx, p, r)
		var rule *reasoning.InvalidError
		switch {
		case !errors.As(err, &rule) || !errors.Is(err, reasoning.ErrInvalid):
			return fmt.Errorf("%s %s: got error %v, want an InvalidError", c.field, c.name, err)
		case rule.Field != c.field || rule.Rule == "":
			return fmt.Errorf("%s %s: got field %q and rule %q", c.field, c.name, rule.Field, rule.Rule)
		case len(children) > 0:
			return fmt.Errorf("%s %s: got %d children", c.field, c.name, len(children))
		}
	}
	_, err := collect(ctx, p, o.request(1, 0)) // it goes on serving
	return err
}

func wrongModel(ctx context.Context, p policy.Policy, o Options) error {
	model, err := p.Model(ctx)
	if err != nil {
		return err
	}
	r := o.request(1, 0)
	r.Model = model
	if _, err := collect(ctx, p, r); err != nil {
		return fmt.Errorf("own model: %w", err)
	}
	if o.Queued {
		return nil
	}
	r.Model.Name = "no-such-model"
	if children, err := collect(ctx, p, r); !errors.Is(err, policy.ErrModel) || len(children) > 0 {
		return fmt.Errorf("other model: got %d children and error %v, want ErrModel", len(children), err)
	}
	return nil
}

func starts(ctx context.Context, p policy.Policy, o Options) error {
	var mu sync.Mutex
	var started []policy.Start
	r := o.request(1, 0, 1)
	r.OnStart = func(s policy.Start) {
		mu.Lock()
		defer mu.Unlock()
		started = append(started, s)
	}
	children, err := collect(ctx, p, r)
	if err != nil {
		return err
	}
	mu.Lock()
	defer mu.Unlock()
	if !o.Queued {
		if len(started) > 0 || children[0].Start != (policy.Start{}) {
			return fmt.Errorf("started %v, but there is no queue", started)
		}
		return nil
	}
	for _, c := range children {
		if !slices.Contains(started, c.Start) || c.Attempt < 1 || c.Worker == "" {
			return fmt.Errorf("child %d comes from %+v; OnStart was told %+v", c.Ordinal, c.Start, started)
		}
	}
	return nil
}

func goneBefore(ctx context.Context, p policy.Policy, o Options) error {
	p.Expand(ctx, o.request(1, 0)) // never ranged over: nothing is done
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	late, cancel := context.WithTimeout(ctx, 0)
	defer cancel()
	for _, gone := range []context.Context{cancelled, late} {
		children, err := collect(gone, p, o.request(1, 0))
		if !errors.Is(err, gone.Err()) || len(children) > 0 {
			return fmt.Errorf("got %d children and error %v, want %v", len(children), err, gone.Err())
		}
	}
	return nil
}

func goneInTheMiddle(ctx context.Context, p policy.Policy, o Options) error {
	if _, err := collect(ctx, p, o.request(1, 0)); err != nil { // connections and the like are there from now on
		return err
	}
	before := append([]goleak.Option{goleak.IgnoreCurrent()}, o.Leaks...)
	r := o.request(policy.Whole, 0, 1, 2, 3, 4, 5, 6, 7)

	for _, err := range p.Expand(ctx, r) { // by leaving
		if err != nil {
			return err
		}
		break
	}

	cancelled, cancel := context.WithCancel(ctx) // by cancelling
	defer cancel()
	got := 0
	var last error
	var since time.Time
	for c, err := range p.Expand(cancelled, r) {
		if last != nil {
			return fmt.Errorf("something came after %w", last)
		}
		if u := c.Usage; err != nil && (len(c.Steps) > 0 || min(float64(u.Generated), float64(u.Prompt), float64(u.Cached), u.FLOPs) < 0) {
			return fmt.Errorf("beside the error came %+v, want what was written in vain and no steps", c)
		}
		if last = err; err == nil {
			got++
		}
		if got == 1 && err == nil {
			since = time.Now()
			cancel()
		}
	}
	switch {
	case last == nil && got < len(r.Ordinals) || last != nil && !errors.Is(last, context.Canceled):
		return fmt.Errorf("cancelled: got %d of %d children and error %v", got, len(r.Ordinals), last)
	case o.Bubble && time.Since(since) > 0:
		return fmt.Errorf("cancelled: ended after %v", time.Since(since))
	}

	short, cancel := context.WithTimeout(ctx, time.Millisecond) // by deadline
	defer cancel()
	if _, err := collect(short, p, r); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("deadline: %w", err)
	}
	if err := goleak.Find(before...); err != nil {
		return err
	}
	_, err := collect(ctx, p, o.request(1, 0)) // it goes on serving
	return err
}

func manyAtOnce(ctx context.Context, p policy.Policy, o Options) error {
	const requests = 16
	request := func(i int) policy.Request {
		r := o.request(1+i%2, 0, 1, i+2)
		r.Seed = reasoning.Seed(i)
		return r
	}
	var errs [requests]error
	var got [requests]map[int]policy.Child
	var all sync.WaitGroup
	for i := range requests {
		all.Go(func() { got[i], errs[i] = collect(ctx, p, request(i)) })
	}
	all.Wait()
	if err := errors.Join(errs[:]...); err != nil || o.Random {
		return err
	}
	for i := range requests {
		alone, err := collect(ctx, p, request(i))
		if err != nil {
			return err
		}
		for ordinal, want := range alone {
			if err := same(got[i][ordinal], want); err != nil {
				return fmt.Errorf("request %d, child %d at the same time as others: %w", i, ordinal, err)
			}
		}
	}
	return nil
}
