// Package policyrpc carries policy.Policy over gRPC: [Register] serves a Policy, and a
// [Client] is one.
package policyrpc

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"iter"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/mux"
	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
)

// A Client is a Policy that calls a server over a connection. Its requests share a stream,
// which the first of them opens. Package mux describes when another stream replaces it.
type Client struct {
	server  string // name of the server, for people
	service policyv1.PolicyServiceClient
	mux     *mux.Client[*policyv1.ExpandRequest, *policyv1.ExpandResponse]
}

var _ policy.Policy = (*Client)(nil)

// NewClient returns a Client over conn, which the caller closes after the Client.
func NewClient(conn grpc.ClientConnInterface) *Client {
	service := policyv1.NewPolicyServiceClient(conn)
	open := func(ctx context.Context) (mux.Stream[*policyv1.ExpandRequest, *policyv1.ExpandResponse], error) {
		return service.Expand(ctx)
	}
	cancel := func(id string) *policyv1.ExpandRequest {
		return &policyv1.ExpandRequest{RequestId: id, Action: &policyv1.ExpandRequest_Cancel{Cancel: &policyv1.Cancel{}}}
	}
	last := func(r *policyv1.ExpandResponse) bool { return r.GetDone() != nil || r.GetError() != nil }
	c := &Client{server: "the policy", service: service, mux: mux.NewClient(open, cancel, last)}
	if named, ok := conn.(interface{ Target() string }); ok {
		c.server = "the policy at " + named.Target()
	}
	return c
}

// Close ends the stream. Requests in flight and later ones fail with
// reasoning.ErrUnavailable.
func (c *Client) Close() error { return c.mux.Close() }

// Model implements policy.Policy.
func (c *Client) Model(ctx context.Context) (policy.Model, error) {
	response, err := c.service.GetModel(ctx, &policyv1.GetModelRequest{})
	if err != nil {
		return policy.Model{}, rpcerr.FromStatus(err)
	}
	return policywire.ModelFromProto(response.GetModel(), response.GetCapabilities())
}

// Expand implements policy.Policy. It fails with wire.ErrMalformed if the server leaves
// out a child, repeats one, or sends one that r does not request, and with
// reasoning.ErrImplausible if it claims what a child cannot have cost. When ctx ends, or the caller
// breaks off, it waits at most half a second until the server reports what was wasted. What a
// server does not report, as its stream breaks, is unknown.
func (c *Client) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := r.Validate(); err != nil {
			yield(policy.Child{}, err)
			return
		}
		traceparent, baggage := wire.TraceContext(ctx)
		caller := ctx
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		newRequest := func(id string) *policyv1.ExpandRequest {
			return &policyv1.ExpandRequest{
				RequestId:   id,
				Action:      &policyv1.ExpandRequest_Expansion{Expansion: policywire.ExpansionToProto(r)},
				Traceparent: traceparent,
				Baggage:     baggage,
			}
		}
		x, brokenOff := newExpansion(r), false
		var failed error
		for response, broken := range c.mux.Do(ctx, newRequest) {
			if broken != nil {
				failed = cmp.Or(failed, x.breakOff(broken))
				break
			}
			child, err := x.read(response)
			switch {
			case err != nil:
				failed = cmp.Or(failed, err)
				cancel() // if the server goes on; and wait for the cost of the other children
			case len(child.Steps) == 0:
			case ctx.Err() != nil:
				x.wasted = x.wasted.Add(child.Cost().EndedBy(context.Canceled))
			case !yield(child, nil):
				brokenOff = true
				cancel()
			}
		}
		if ended := caller.Err(); ended != nil {
			failed = ended
		}
		if failed == nil || brokenOff {
			r.Wasted(x.wasted)
			return
		}
		if errors.Is(failed, wire.ErrMalformed) || errors.Is(failed, reasoning.ErrImplausible) {
			failed = fmt.Errorf("%s: %w", c.server, failed)
		}
		yield(policy.Child{}.WithCost(x.wasted), failed)
	}
}
