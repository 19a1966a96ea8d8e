package policytest

import (
	"context"
	"errors"
	"iter"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func TestScript(t *testing.T) {
	Run(t, func(*testing.T) policy.Policy { return Steps(5, 0) }, Options{ReportsProgress: true})
}

func TestScriptInABubble(t *testing.T) {
	Run(t, func(*testing.T) policy.Policy { return Steps(5, 10*time.Second) }, Options{Bubble: true, ReportsProgress: true})
}

// Each policy breaks one promise of the suite: the check of that name must fail, else
// it checks nothing.
func TestBrokenPolicies(t *testing.T) {
	type children = iter.Seq2[policy.Child, error]
	good := Steps(5, time.Second)
	names := 0
	for check, broken := range map[string]func(ctx context.Context, r policy.Request) children{
		"each ordinal comes once": func(ctx context.Context, r policy.Request) children { // the last is lost
			if len(r.Ordinals) > 1 {
				r.Ordinals = r.Ordinals[1:]
			}
			return good.Expand(ctx, r)
		},
		"span bounds the steps": func(ctx context.Context, r policy.Request) children {
			r.Span = policy.Whole
			return good.Expand(ctx, r)
		},
		"steps can be continued": func(ctx context.Context, r policy.Request) children {
			if len(r.Steps) > 2 {
				r.Problem = ""
			}
			return good.Expand(ctx, r)
		},
		"tokens are bounded": func(ctx context.Context, r policy.Request) children {
			r.Sampling.MaxTokens = 256
			return good.Expand(ctx, r)
		},
		"cut by tokens": corruptEach(good, func(r policy.Request, c *policy.Child) {
			if c.Finish == reasoning.FinishLength {
				c.Finish = reasoning.FinishEnd
			}
		}),
		"prompt is charged": corruptEach(good, func(r policy.Request, c *policy.Child) { c.Usage.Prompt = 9 }),
		"a child is its seed and ordinal": corruptEach(good, func(r policy.Request, c *policy.Child) {
			if len(r.Ordinals) > 1 && r.Ordinals[0] == c.Ordinal {
				c.Steps[0].Text = "0:9\n"
			}
		}),
		"a sample's first step is the step's sample": corruptEach(good, func(r policy.Request, c *policy.Child) {
			if r.Span == policy.Whole {
				c.Steps[0].Text = "0:9\n"
			}
		}),
		"a stop ends the text": func(ctx context.Context, r policy.Request) children {
			if len(r.Stop) <= 2 {
				r.Stop = ""
			}
			return good.Expand(ctx, r)
		},
		"attempts are seen": func(ctx context.Context, r policy.Request) children {
			if len(r.Attempts) <= policy.MaxAttempts {
				r.Attempts = nil
			}
			return good.Expand(ctx, r)
		},
		"greedy siblings are alike": func(ctx context.Context, r policy.Request) children {
			r.Sampling.Temperature = 1
			return good.Expand(ctx, r)
		},
		"invalid requests": func(ctx context.Context, r policy.Request) children {
			r.Span = max(r.Span, 0)
			return good.Expand(ctx, r)
		},
		"wrong model": func(ctx context.Context, r policy.Request) children {
			r.Model = reasoning.Model{}
			return good.Expand(ctx, r)
		},
		"queued requests start": corruptEach(good, func(r policy.Request, c *policy.Child) { c.Worker = "w" }),
		"progress is reported": func(ctx context.Context, r policy.Request) children { // more than the child costs
			tell := r.OnProgress
			r.OnProgress = func(ordinal int, spent reasoning.Usage) {
				if tell != nil {
					spent.Generated++
					tell(ordinal, spent)
				}
			}
			return good.Expand(ctx, r)
		},
		"cancelled before the start": func(_ context.Context, r policy.Request) children {
			return good.Expand(context.Background(), r)
		},
		"cancelled in the middle": func(_ context.Context, r policy.Request) children { // ignores the cancellation
			return func(yield func(policy.Child, error) bool) {
				for c, err := range good.Expand(context.Background(), r) {
					time.Sleep(time.Second)
					if !yield(c, err) {
						return
					}
				}
			}
		},
		"many at once": func() func(ctx context.Context, r policy.Request) children {
			busy := make(chan bool, 1)
			return func(ctx context.Context, r policy.Request) children {
				select {
				case busy <- true:
					return func(yield func(policy.Child, error) bool) {
						good.Expand(ctx, r)(yield)
						<-busy
					}
				default:
					return func(yield func(policy.Child, error) bool) { yield(policy.Child{}, reasoning.ErrOverloaded) }
				}
			}
		}(),
	} {
		for _, c := range checks {
			if c.name != check {
				continue
			}
			names++
			synctest.Test(t, func(t *testing.T) {
				if err := c.run(t.Context(), override{good, broken}, Options{Bubble: true, ReportsProgress: true}); err == nil {
					t.Errorf("%q passes on a policy that breaks it", check)
				} else {
					t.Logf("%s: %v", check, err)
				}
			})
		}
	}
	if want := len(checks) - 2; names != want { // all but "model is stable", and "capabilities hold", which has a test of its own
		t.Errorf("%d of %d checks have a policy that breaks them", names, want)
	}
}

// override is a Policy with another Expand.
type override struct {
	policy.Policy
	expand func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error]
}

func (o override) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return o.expand(ctx, r)
}

type expandFunc = func(context.Context, policy.Request) iter.Seq2[policy.Child, error]

// corruptEach returns an Expand that applies corrupt to every child of p.
func corruptEach(p policy.Policy, corrupt func(policy.Request, *policy.Child)) expandFunc {
	return func(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
		return func(yield func(policy.Child, error) bool) {
			for c, err := range p.Expand(ctx, r) {
				if err == nil {
					corrupt(r, &c)
				}
				if !yield(c, err) {
					return
				}
			}
		}
	}
}

func TestScriptRecordsItsCalls(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		boom := errors.New("boom")
		replies := []Reply{
			{Delay: 2 * time.Second},
			{Delay: time.Second},
			{Delay: 3 * time.Second, Err: boom},
			{Delay: Never},
		}
		s := &Script{Reply: func(_ policy.Request, ordinal int) Reply {
			reply := replies[ordinal]
			reply.Child = policy.Child{Steps: []reasoning.Step{{Text: "x", Tokens: 1}}, Finish: reasoning.FinishEnd}
			return reply
		}}
		expand := func(ctx context.Context, take int, ordinals ...int) (got []int, last error) {
			for c, err := range s.Expand(ctx, Options{}.request(policy.Whole, ordinals...)) {
				if last = err; err == nil {
					got = append(got, c.Ordinal)
				}
				if len(got) == take {
					break
				}
			}
			return got, last
		}
		start := time.Now()
		got, err := expand(t.Context(), -1, 0, 1, 2)
		if diff := cmp.Diff(got, []int{1, 0}); diff != "" || !errors.Is(err, boom) || time.Since(start) != 3*time.Second {
			t.Errorf("got %v and %v after %v, want [1 0] and boom after 3s", got, err, time.Since(start))
		}
		expand(t.Context(), 1, 0, 1)
		short, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		start = time.Now()
		if _, err := expand(short, -1, 3); !errors.Is(err, context.DeadlineExceeded) || time.Since(start) != time.Minute {
			t.Errorf("a child with delay Never ends with %v after %v, want the deadline after 1m", err, time.Since(start))
		}
		var ends []error
		for _, c := range s.Calls() {
			ends = append(ends, c.Err)
		}
		if want := []error{boom, ErrStoppedEarly, context.DeadlineExceeded}; !slices.EqualFunc(ends, want, errors.Is) {
			t.Errorf("calls ended with %v, want %v", ends, want)
		}
	})
}
