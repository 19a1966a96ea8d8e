package mesh_test

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

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

// A trial is one search on a mesh whose engines fail, stop and lie by chance.
type trial struct {
	seed     uint64 // of the engines' chance
	strategy search.Strategy
	request  planner.Request
	cancel   time.Duration // when a client cancels the search; 0: never
	lies     bool          // some children claim implausible counts
	silent   bool          // the engine does not tell what it wasted
}

var trials = rapid.Custom(func(t *rapid.T) trial {
	r := trial{seed: rapid.Uint64().Draw(t, "seed"), lies: rapid.Bool().Draw(t, "lies")}
	r.strategy = rapid.SampledFrom([]search.Strategy{
		majority(4), search.Majority{N: 6}, bestOf(4), beam(4, 2), search.Greedy{},
	}).Draw(t, "strategy")
	if rapid.Bool().Draw(t, "cancelled") {
		r.cancel = time.Duration(rapid.IntRange(1, 9000).Draw(t, "cancel")) * time.Millisecond
	}
	r.request = requestFor(r.strategy)
	if rapid.Bool().Draw(t, "deadline") {
		r.request.Deadline = time.Date(2000, 1, 1, 0, 0, rapid.IntRange(1, 9).Draw(t, "seconds"), 0, time.UTC)
	}
	if rapid.Bool().Draw(t, "budget") {
		r.request.Budget.PolicyTokens = int64(rapid.IntRange(20, 400).Draw(t, "tokens"))
	}
	return r
})

// A written counts what engines really generate and process.
type written struct {
	mu        sync.Mutex
	generated int64
	verifier  int64
}

func (w *written) add(generated, verifier int64) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.generated += generated
	w.verifier += verifier
}

// A countedPolicy counts what its Policy generates. If silent, it does not tell what was wasted.
type countedPolicy struct {
	policy.Policy
	written *written
	silent  bool
}

func (p countedPolicy) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		for c, err := range p.Policy.Expand(ctx, r) {
			truth := c.Usage.Generated
			if truth > 1<<30 { // a lie
				truth = int64(reasoning.Tokens(c.Steps))
			}
			p.written.add(truth, 0)
			if err != nil && p.silent {
				c = policy.Child{}
			}
			if !yield(c, err) {
				return
			}
		}
	}
}

// A countedVerifier counts what its Verifier processes.
type countedVerifier struct {
	verifier.Verifier
	written *written
}

func (v countedVerifier) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	result, err := v.Verifier.Score(ctx, r)
	v.written.add(0, result.Usage.Verifier)
	return result, err
}

// engines returns a policy and a verifier that fail, take seconds, exceed their limits and, if r.lies, lie, by chance.
func (r trial) engines(w *written) (policy.Policy, verifier.Verifier) {
	var mu sync.Mutex
	chance := rand.New(rand.NewPCG(r.seed, 1))
	one := func(in int) bool {
		mu.Lock()
		defer mu.Unlock()
		return chance.IntN(in) == 0
	}
	steps, scores := policytest.Steps(3, 0), verifiertest.Steps(0)
	generate := func(q policy.Request, ordinal int) policytest.Reply {
		reply := steps.Reply(q, ordinal)
		for i, s := range reply.Child.Steps { // no path twice: its scores would be billed again, from the memo
			reply.Child.Steps[i].Text = fmt.Sprintf("%s.%d\n", strings.TrimSuffix(s.Text, "\n"), 7*ordinal+len(q.Steps))
		}
		reply.Delay = time.Duration(1+ordinal%3) * time.Second
		reply.Wasted = reasoning.Usage{Generated: int64(2 + ordinal), Prompt: 1}
		switch {
		case one(5):
			reply.Err = fmt.Errorf("%w: aborted", reasoning.ErrUnavailable)
		case one(20):
			reply.Err = errors.New("out of memory")
		case one(8):
			reply.Child.Usage.Generated = int64(q.Sampling.MaxTokens) + 3
		case r.lies && one(8):
			reply.Child.Usage.Generated = 1 << 50
		}
		return reply
	}
	score := func(q verifier.Request) verifiertest.Reply {
		reply := scores.Reply(q)
		reply.Delay, reply.Wasted = time.Second, 5
		switch {
		case one(6):
			reply.Err = reasoning.ErrUnavailable
		case one(12):
			reply.Err = errors.New("reward model broke")
		}
		return reply
	}
	p := countedPolicy{&policytest.Script{Reply: generate}, w, r.silent}
	return p, countedVerifier{&verifiertest.Script{Reply: score}, w}
}

// A billed is what came of a trial.
type billed struct {
	bill                reasoning.Bill
	used                int64 // tokens of the nodes of the tree
	generated, verifier int64 // that the engines have written
	outcome             *planner.Outcome
}

// run runs the search of a trial on a mesh of its own.
func (r trial) run(t *testing.T) (got billed) {
	synctest.Test(t, func(t *testing.T) {
		var w written
		p, v := r.engines(&w)
		m := start(t, natstest.Server(t), mesh.Config{Policy: p, Verifier: v})
		id := begin(t, m, r.request)
		if r.cancel > 0 {
			time.AfterFunc(r.cancel, func() { _, _ = m.Planner.Cancel(context.Background(), planner.Ref{ID: id}) })
		}
		events := watch(t, m, planner.Ref{ID: id}, 0)
		got.outcome = events[len(events)-1].Outcome
		time.Sleep(time.Minute) // engines that were stopped have stopped
		got.bill = get(t, m, id).Bill
		for _, n := range nodes(t, m, id) {
			got.used += int64(reasoning.Tokens(n.Steps))
		}
		got.generated, got.verifier = w.generated, w.verifier
	})
	return got
}

// check returns an error unless the bill has what the engines have written: used, named waste, and at most what is
// unknown.
func (b billed) check() error {
	waste := b.bill.Waste.Total()
	total, unknown := b.bill.Total(), b.bill.Unknown
	switch {
	case total.Generated > b.generated || total.Generated+unknown.Generated < b.generated:
		return fmt.Errorf("engines generated %d tokens, billed %d and up to %d unknown", b.generated, total.Generated, unknown.Generated)
	case total.Verifier > b.verifier || total.Verifier+unknown.Verifier < b.verifier:
		return fmt.Errorf("verifier processed %d tokens, billed %d and up to %d unknown", b.verifier, total.Verifier, unknown.Verifier)
	case b.used+waste.Generated != total.Generated:
		return fmt.Errorf("billed %d generated tokens: %d are used and %d wasted", total.Generated, b.used, waste.Generated)
	}
	return nil
}

// For any sequence of successes, failures, retries, cancellations, deadlines, spent budgets and lies, what the engines
// have written is on the bill: as used, or as waste with one cause. Unknown is only what a liar has written, which claims
// what cannot be.
func TestEnginesTokensAreOnTheBill(t *testing.T) {
	natstest.Outside(t)
	causes := map[string]int64{}
	rapid.Check(t, func(rt *rapid.T) {
		r := trials.Draw(rt, "trial")
		got := r.run(t)
		if err := got.check(); err != nil {
			rt.Fatalf("%v\n%+v\nbill %+v\noutcome %+v", err, r, got.bill, got.outcome)
		}
		if got.bill.Unknown.Generated+got.bill.Unknown.Verifier > 0 && !r.lies {
			rt.Fatalf("nobody lies, and unknown is %+v", got.bill.Unknown)
		}
		for cause, u := range got.bill.Waste.Causes() {
			causes[cause] += u.Generated + u.Verifier
		}
	})
	for _, cause := range []string{"cancelled", "failed", "untrusted"} {
		if causes[cause] == 0 {
			t.Errorf("no trial wasted tokens as %s: %v", cause, causes)
		}
	}
}

// The negative control: where an engine does not tell what it wasted, the bill is too low.
func TestBillNeedsWhatEnginesTell(t *testing.T) {
	natstest.Outside(t)
	low := 0
	for seed := range uint64(5) {
		r := trial{seed: seed, request: requestFor(bestOf(4)), silent: true}
		if r.run(t).check() != nil {
			low++
		}
	}
	if low == 0 {
		t.Error("the bills of a silent engine are complete: this test shows nothing")
	}
}
