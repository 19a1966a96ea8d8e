// Package policyrpc carries policy.Policy over gRPC: [Register] serves a Policy, and a
// [Client] is one.
package policyrpc

import (
	"context"
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
	return &Client{service: service, mux: mux.NewClient(open, cancel, last)}
}

// Close ends the stream. Requests in flight and later ones fail with
// reasoning.ErrUnavailable.
func (c *Client) Close() error { return c.mux.Close() }

// Model implements policy.Policy.
func (c *Client) Model(ctx context.Context) (reasoning.Model, error) {
	response, err := c.service.GetModel(ctx, &policyv1.GetModelRequest{})
	if err != nil {
		return reasoning.Model{}, rpcerr.FromStatus(err)
	}
	return wire.ModelFromProto(response.GetModel())
}

// Expand implements policy.Policy. It fails with wire.ErrMalformed if the server leaves
// out a child, repeats one, or sends one that r does not request. The wasted tokens of a
// request that fails or is cancelled are not reported.
func (c *Client) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := r.Validate(); err != nil {
			yield(policy.Child{}, err)
			return
		}
		traceparent, baggage := wire.TraceContext(ctx)
		newRequest := func(id string) *policyv1.ExpandRequest {
			return &policyv1.ExpandRequest{
				RequestId:   id,
				Action:      &policyv1.ExpandRequest_Expansion{Expansion: policywire.ExpansionToProto(r)},
				Traceparent: traceparent,
				Baggage:     baggage,
			}
		}
		missing := make(map[int]bool, len(r.Ordinals))
		for _, o := range r.Ordinals {
			missing[o] = true
		}
		for response, err := range c.mux.Do(ctx, newRequest) {
			child, err := readResponse(response, err, r.OnStart, missing)
			if err != nil {
				yield(policy.Child{}, err)
				return
			}
			if len(child.Steps) > 0 && !yield(child, nil) {
				return
			}
		}
	}
}

// readResponse returns the child that a response carries, or a child without steps if
// the response carries another event. It calls onStart for a start, and removes the
// child's ordinal from missing. err is the error of the stream.
func readResponse(
	response *policyv1.ExpandResponse, err error, onStart func(policy.Start), missing map[int]bool,
) (policy.Child, error) {
	if err != nil {
		return policy.Child{}, rpcerr.FromStatus(err)
	}
	switch event := response.GetEvent().(type) {
	case *policyv1.ExpandResponse_Started:
		start, err := policywire.StartFromProto(event.Started)
		if err == nil && onStart != nil {
			onStart(start)
		}
		return policy.Child{}, err
	case *policyv1.ExpandResponse_Child:
		child, err := policywire.ChildFromProto(event.Child)
		if err == nil && !missing[child.Ordinal] {
			err = fmt.Errorf("%w: child %d is repeated or was not requested", wire.ErrMalformed, child.Ordinal)
		}
		delete(missing, child.Ordinal)
		return child, err
	case *policyv1.ExpandResponse_Done:
		if len(missing) > 0 {
			return policy.Child{}, fmt.Errorf("%w: done, but %d children are missing", wire.ErrMalformed, len(missing))
		}
		return policy.Child{}, nil
	case *policyv1.ExpandResponse_Error:
		return policy.Child{}, rpcerr.FromProto(event.Error)
	}
	return policy.Child{}, fmt.Errorf("%w: unknown event %T", wire.ErrMalformed, response.GetEvent())
}
