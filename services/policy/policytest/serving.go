package policytest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"go.uber.org/goleak"
)

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
			return fmt.Errorf("got starts %v from a policy without a queue", started)
		}
		return nil
	}
	for _, c := range children {
		if !slices.Contains(started, c.Start) || c.Attempt < 1 || c.Worker == "" {
			return fmt.Errorf("child %d has start %+v; OnStart was called with %+v", c.Ordinal, c.Start, started)
		}
	}
	return nil
}

// progressReported checks that OnProgress, if it is called, is called before a child is yielded, with
// costs that do not shrink and do not exceed that of the child; with ReportsProgress, for each child.
func progressReported(ctx context.Context, p policy.Policy, o Options) error {
	var mu sync.Mutex
	reported := map[int]reasoning.Usage{}
	var shrunk error
	r := o.request(policy.Whole, 0, 1, 2)
	r.OnProgress = func(ordinal int, spent reasoning.Usage) {
		mu.Lock()
		defer mu.Unlock()
		if before := reported[ordinal]; spent.Generated < before.Generated {
			shrunk = fmt.Errorf("child %d: reported %+v after %+v", ordinal, spent, before)
		}
		reported[ordinal] = spent
	}
	for c, err := range p.Expand(ctx, r) {
		if err != nil {
			return err
		}
		mu.Lock()
		last := reported[c.Ordinal]
		mu.Unlock()
		if o.ReportsProgress && last.Generated == 0 || last.Generated > c.Usage.Generated {
			return fmt.Errorf("child %d: reported that it has cost %+v, and yielded with %+v", c.Ordinal, last, c.Usage)
		}
	}
	return shrunk
}

func cancelledBefore(ctx context.Context, p policy.Policy, o Options) error {
	p.Expand(ctx, o.request(1, 0)) // without a range, Expand does nothing
	cancelled, cancel := context.WithCancel(ctx)
	cancel()
	late, cancel := context.WithTimeout(ctx, 0)
	defer cancel()
	for _, ended := range []context.Context{cancelled, late} {
		children, err := collect(ended, p, o.request(1, 0))
		if !errors.Is(err, ended.Err()) || len(children) > 0 {
			return fmt.Errorf("got %d children and error %v, want %v", len(children), err, ended.Err())
		}
	}
	return nil
}

// cancelledInTheMiddle ends an expansion by a break, by a cancellation and by a
// deadline, and then looks for goroutines that are still running.
func cancelledInTheMiddle(ctx context.Context, p policy.Policy, o Options) error {
	if _, err := collect(ctx, p, o.request(1, 0)); err != nil { // so that connections are open from now on
		return err
	}
	before := append([]goleak.Option{goleak.IgnoreCurrent()}, o.Leaks...)
	r := o.request(policy.Whole, 0, 1, 2, 3, 4, 5, 6, 7)

	for _, err := range p.Expand(ctx, r) {
		if err != nil {
			return err
		}
		break
	}
	if err := cancelAfterFirst(ctx, p, o, r); err != nil {
		return fmt.Errorf("cancelled: %w", err)
	}
	short, cancel := context.WithTimeout(ctx, time.Millisecond)
	defer cancel()
	if _, err := collect(short, p, r); err != nil && !errors.Is(err, context.DeadlineExceeded) {
		return fmt.Errorf("deadline: %w", err)
	}
	if err := goleak.Find(before...); err != nil {
		return err
	}
	_, err := collect(ctx, p, o.request(1, 0)) // the policy still serves
	return err
}

// cancelAfterFirst cancels the expansion of r at its first child. It returns an error
// unless the sequence then ends at once, with all children or with ctx's error.
func cancelAfterFirst(ctx context.Context, p policy.Policy, o Options, r policy.Request) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	got := 0
	var last error
	var since time.Time
	for c, err := range p.Expand(ctx, r) {
		switch {
		case last != nil:
			return fmt.Errorf("the sequence went on after the error %w", last)
		case err != nil && !wastedOnly(c):
			return fmt.Errorf("got %+v beside the error, want the wasted usage and no steps", c)
		case err != nil:
			last = err
			continue
		}
		if got++; got == 1 {
			since = time.Now()
			cancel()
		}
	}
	switch {
	case last == nil && got < len(r.Ordinals) || last != nil && !errors.Is(last, context.Canceled):
		return fmt.Errorf("got %d of %d children and error %v", got, len(r.Ordinals), last)
	case o.Bubble && time.Since(since) > 0:
		return fmt.Errorf("ended after %v", time.Since(since))
	}
	return nil
}

// wastedOnly reports whether c may be yielded with an error.
func wastedOnly(c policy.Child) bool {
	u := c.Usage
	return len(c.Steps) == 0 && u.Generated >= 0 && u.Prompt >= 0 && u.Cached >= 0 && u.FLOPs >= 0
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
