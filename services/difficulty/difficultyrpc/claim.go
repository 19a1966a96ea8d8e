package difficultyrpc

import (
	"fmt"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/status"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A claim is what a server says that an estimate has cost so far, and what the samples that it has sent can have cost.
type claim struct {
	request difficulty.Request
	samples int
	most    reasoning.Usage
}

// check returns e as a caller may take it. It returns a reasoning.ErrImplausible if a sample, or all of them with their
// scores, cannot have cost what the server claims.
func (c *claim) check(e difficulty.Estimate) (difficulty.Estimate, error) {
	sample := c.sample()
	for i, child := range e.New {
		var err error
		if e.New[i], err = sample.Check(child); err != nil {
			return e, err
		}
		c.samples++
		scores := verifier.Request{Problem: c.request.Problem, Steps: reasoning.Texts(child.Steps)}
		c.most = c.most.Add(sample.MostCost()).Add(scores.MostCost())
	}
	if c.samples > c.request.Most() {
		return e, fmt.Errorf("%w: %d samples, %d were requested", reasoning.ErrImplausible, c.samples, c.request.Most())
	}
	used := e.Cost().Used()
	if used.Generated > c.most.Generated || used.Prompt > c.most.Prompt || used.Cached > c.most.Cached || used.Verifier > c.most.Verifier ||
		!(used.FLOPs >= 0 && used.FLOPs <= c.most.FLOPs) {
		return e, fmt.Errorf("%w: %d samples have cost %+v, where at most %+v is possible", reasoning.ErrImplausible, c.samples, used, c.most)
	}
	all := sample
	all.Ordinals = make([]int, c.request.Most())
	wasted := e.Waste
	longest := int64(verifier.MaxSteps) * verifier.MaxPath // tokens of scoring the longest path
	for _, u := range []*reasoning.Usage{&wasted.Cancelled, &wasted.Failed, &wasted.Lost, &wasted.Untrusted} {
		if u.Verifier > int64(c.request.Most())*longest {
			return e, fmt.Errorf("%w: %d tokens of the verifier are wasted", reasoning.ErrImplausible, u.Verifier)
		}
		u.FLOPs, u.Verifier = 0, 0
	}
	return e, all.CheckWaste(reasoning.Wasted(wasted))
}

// costOf returns the cost of what failed with err: what the server reports or, if it did not end the call itself, as after
// a cancellation, all samples that it has not sent. sent is whether the server may have received the request.
func (c *claim) costOf(err error, sent bool) reasoning.Cost {
	cost := reasoning.CostOf(rpcerr.FromStatus(err))
	switch {
	case !sent, cost != (reasoning.Cost{}), reasoning.Classify(rpcerr.FromStatus(err)) == nil, byServer(err):
		return cost
	}
	return c.sample().Unreported(max(0, c.request.Most()-c.samples))
}

// byServer reports whether a server of this module has ended the call with err.
func byServer(err error) bool {
	for _, d := range status.Convert(err).Details() {
		if info, ok := d.(*errdetails.ErrorInfo); ok && info.Domain == rpcerr.Domain {
			return true
		}
	}
	return false
}

// sample returns the request for one sample.
func (c *claim) sample() policy.Request {
	return policy.Request{Problem: c.request.Problem, Sampling: c.request.Sampling, Ordinals: []int{0}}
}
