package policyrpc

import (
	"context"
	"errors"
	"iter"
	"math"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/rpctest"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// wasteful is an engine whose child i takes i+1 seconds and has 5 tokens. Each child that is not
// finished has wasted 3 tokens.
func wasteful() *policytest.Script {
	steps := policytest.Steps(1, 0)
	return &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		reply := steps.Reply(r, ordinal)
		reply.Delay = time.Duration(ordinal+1) * time.Second
		reply.Child.Steps[0].Tokens = 5
		reply.Child.Usage.Generated, reply.Wasted.Generated = 5, 3
		return reply
	}}
}

// What a request wastes arrives with its cause, however the request ends.
func TestWasteCrossesTheWire(t *testing.T) {
	waste := func(tokens int64) reasoning.Usage { return reasoning.Usage{Generated: tokens} }
	for name, c := range map[string]struct {
		fails    error         // of child 2
		deadline time.Duration // of the request; 0: none
		breakOff bool          // after the first child
		restart  bool          // of the server, after 2.5 s
		children int           // that are yielded
		want     reasoning.Cost
	}{
		"failed":     {reasoning.ErrUnavailable, 0, false, false, 2, reasoning.Wasted(reasoning.Waste{Failed: waste(2 * 3)})},
		"deadline":   {nil, 1500 * time.Millisecond, false, false, 1, reasoning.Wasted(reasoning.Waste{Cancelled: waste(3 * 3)})},
		"broken off": {nil, 0, true, false, 1, reasoning.Wasted(reasoning.Waste{Cancelled: waste(3 * 3)})},
		"broken":     {nil, 0, false, true, 2, reasoning.Cost{Unknown: waste(2 * 100)}},
		"complete":   {nil, 0, false, false, 4, reasoning.Cost{}},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				engine := wasteful()
				reply := engine.Reply
				engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
					out := reply(r, ordinal)
					if ordinal == 2 {
						out.Err = c.fails
					}
					return out
				}
				client, s := serve(t, engine)
				ctx, r := t.Context(), request(0, 1, 2, 3)
				if c.deadline > 0 {
					var cancel context.CancelFunc
					ctx, cancel = context.WithTimeout(ctx, c.deadline)
					defer cancel()
				}
				if c.restart {
					time.AfterFunc(2500*time.Millisecond, s.Restart)
				}
				var got reasoning.Cost
				r.OnWaste = func(cost reasoning.Cost) { got = got.Add(cost) }
				children := 0
				var last error
				for child, err := range client.Expand(ctx, r) {
					if last = err; err != nil {
						got = got.Add(child.Cost().EndedBy(err))
						continue
					}
					if children++; child.Cost() != (reasoning.Cost{Usage: waste(5)}) {
						t.Errorf("child %d has cost %+v, want 5 tokens", child.Ordinal, child.Cost())
					}
					if c.breakOff {
						break
					}
				}
				if children != c.children || got != c.want {
					t.Errorf("got %d children, then %v, and waste %+v, want %d and %+v", children, last, got, c.children, c.want)
				}
				if c.deadline > 0 && !errors.Is(last, context.DeadlineExceeded) {
					t.Errorf("got error %v, want the deadline", last)
				}
			})
		})
	}
}

// A server that does not report within half a second after it was asked to stop leaves its cost unknown.
func TestCostOfASilentServerIsUnknown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, _ := serve(t, deaf{policytest.Steps(1, 0)})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		start := time.Now()
		for child, err := range client.Expand(ctx, request(0, 1)) {
			if want := (reasoning.Cost{Unknown: reasoning.Usage{Generated: 200}}); child.Cost() != want {
				t.Errorf("got cost %+v and error %v, want %+v", child.Cost(), err, want)
			}
		}
		if took := time.Since(start); took != 1500*time.Millisecond {
			t.Errorf("ended after %v, want half a second after the deadline of 1s", took)
		}
	})
}

// deaf is a Policy that takes a minute to notice that its context has ended.
type deaf struct{ policy.Policy }

func (d deaf) Expand(context.Context, policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		time.Sleep(time.Minute)
		yield(policy.Child{}, context.Canceled)
	}
}

// A request that no server has received has cost nothing.
func TestUnsentRequestCostsNothing(t *testing.T) {
	s := rpctest.Serve(t, func(grpc.ServiceRegistrar) {})
	client := NewClient(s.Conn)
	defer client.Close()
	s.Stop()
	for child, err := range client.Expand(t.Context(), request(0, 1)) {
		if !errors.Is(err, reasoning.ErrUnavailable) || child.Cost() != (reasoning.Cost{}) {
			t.Errorf("got cost %+v and error %v, want none, and unavailable", child.Cost(), err)
		}
	}
}

// A child that claims a few tokens more than it was allowed is cut; one that claims what it cannot have cost is refused,
// by an error that names the server, and what it may have cost is unknown.
func TestServerThatLies(t *testing.T) {
	child := func(tokens int32, usage *reasoningv1.Usage) *policyv1.Child {
		return &policyv1.Child{
			Steps: []*reasoningv1.Step{{Text: "x", Tokens: tokens}}, Finish: reasoningv1.FinishReason_FINISH_REASON_END, Usage: usage,
		}
	}
	unknown := reasoning.Cost{Unknown: reasoning.Usage{Generated: 100}}
	for name, c := range map[string]struct {
		child   *policyv1.Child
		refused bool
		want    reasoning.Cost
	}{
		"a few over": {child(103, &reasoningv1.Usage{GeneratedTokens: 103}), false, reasoning.Cost{
			Usage: reasoning.Usage{Generated: 103}, Waste: reasoning.Waste{Untrusted: reasoning.Usage{Generated: 3}},
		}},
		"many": {child(5, &reasoningv1.Usage{GeneratedTokens: 5000}), true, unknown},
		"in its steps": {child(math.MaxInt32, &reasoningv1.Usage{GeneratedTokens: 5}), true,
			reasoning.Wasted(reasoning.Waste{Untrusted: reasoning.Usage{Generated: 5}})},
		"negative":     {child(5, &reasoningv1.Usage{GeneratedTokens: -5}), true, unknown},
		"not a number": {child(5, &reasoningv1.Usage{Flops: math.NaN()}), true, unknown},
		"overflow":     {child(5, &reasoningv1.Usage{GeneratedTokens: math.MaxInt64, PromptTokens: math.MaxInt64}), true, unknown},
		"another kind": {child(5, &reasoningv1.Usage{VerifierTokens: 5}), true, unknown},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := rpctest.Serve(t, func(r grpc.ServiceRegistrar) {
					policyv1.RegisterPolicyServiceServer(r, fixedServer{responses: []*policyv1.ExpandResponse{
						{Event: &policyv1.ExpandResponse_Child{Child: c.child}},
						{Event: &policyv1.ExpandResponse_Done{Done: &policyv1.Done{}}},
					}})
				})
				client := NewClient(s.Conn)
				defer client.Close()
				var got reasoning.Cost
				var last error
				for child, err := range client.Expand(t.Context(), request(0)) {
					got, last = got.Add(child.Cost()), err
					if n := reasoning.Tokens(child.Steps); n > 100 {
						t.Errorf("a child of %d tokens is taken", n)
					}
				}
				if got != c.want || (last != nil) != c.refused {
					t.Errorf("got cost %+v and error %v, want %+v", got, last, c.want)
				}
				if c.refused && (!strings.Contains(last.Error(), s.Conn.Target()) || reasoning.Transient(last)) {
					t.Errorf("got %v, want a permanent error that names %s", last, s.Conn.Target())
				}
			})
		})
	}
}

// What a Policy tells by OnWaste arrives with the end of the request.
func TestLateWasteCrossesTheWire(t *testing.T) {
	want := reasoning.Wasted(reasoning.Waste{Lost: reasoning.Usage{Generated: 9}}).
		Add(reasoning.Cost{Unknown: reasoning.Usage{Generated: 64}})
	for name, fails := range map[string]error{"complete": nil, "failed": reasoning.ErrOverloaded} {
		engine := policytest.Steps(1, 0)
		steps := engine.Reply
		engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
			reply := steps(r, ordinal)
			reply.Do, reply.Err = func() { r.OnWaste(want) }, fails
			return reply
		}
		client, _ := serve(t, engine)
		r := request(0)
		var got reasoning.Cost
		r.OnWaste = func(cost reasoning.Cost) { got = got.Add(cost) }
		for child, err := range client.Expand(t.Context(), r) {
			if err != nil {
				got = got.Add(child.Cost())
			}
		}
		if got != want {
			t.Errorf("%s: got %+v, want %+v", name, got, want)
		}
	}
}
