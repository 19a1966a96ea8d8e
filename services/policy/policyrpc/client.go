// Package policyrpc is policy.Policy over gRPC: [Register] serves one, and a
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

// A Client is a Policy at the other end of a connection. All its requests share one
// stream, which the first opens; one that breaks ends its requests with
// reasoning.ErrUnavailable, and the next request opens another.
type Client struct {
	service policyv1.PolicyServiceClient
	mux     *mux.Client[*policyv1.ExpandRequest, *policyv1.ExpandResponse]
}

var _ policy.Policy = (*Client)(nil)

// NewClient is a Client over conn, which stays the caller's.
func NewClient(conn grpc.ClientConnInterface) *Client {
	service := policyv1.NewPolicyServiceClient(conn)
	open := func(ctx context.Context) (mux.Stream[*policyv1.ExpandRequest, *policyv1.ExpandResponse], error) {
		return service.Expand(ctx)
	}
	cancel := func(id string) *policyv1.ExpandRequest {
		return &policyv1.ExpandRequest{RequestId: id, Action: &policyv1.ExpandRequest_Cancel{Cancel: &policyv1.Cancel{}}}
	}
	last := func(a *policyv1.ExpandResponse) bool { return a.GetDone() != nil || a.GetError() != nil }
	return &Client{service: service, mux: mux.NewClient(open, cancel, last)}
}

// Close ends the stream; requests in flight fail.
func (c *Client) Close() error { return c.mux.Close() }

// Model asks the server.
func (c *Client) Model(ctx context.Context) (reasoning.Model, error) {
	answer, err := c.service.GetModel(ctx, &policyv1.GetModelRequest{})
	if err != nil {
		return reasoning.Model{}, rpcerr.FromStatus(err)
	}
	return wire.ModelFromProto(answer.GetModel())
}

// Expand asks the server. A server that leaves a child out, or gives one that was
// not asked for, is an error. What the server has written of a request that is called
// off is not told.
func (c *Client) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		if err := r.Validate(); err != nil {
			yield(policy.Child{}, err)
			return
		}
		message := func(id string) *policyv1.ExpandRequest {
			return &policyv1.ExpandRequest{
				RequestId:   id,
				Action:      &policyv1.ExpandRequest_Expansion{Expansion: policywire.ExpansionToProto(r)},
				Traceparent: wire.Traceparent(ctx),
			}
		}
		missing := make(map[int]bool, len(r.Ordinals))
		for _, o := range r.Ordinals {
			missing[o] = true
		}
		for answer, err := range c.mux.Do(ctx, message) {
			child, err := read(answer, err, r.OnStart, missing)
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

// read the child out of an answer; none where it tells something else.
func read(answer *policyv1.ExpandResponse, err error, onStart func(policy.Start), missing map[int]bool) (policy.Child, error) {
	if err != nil {
		return policy.Child{}, rpcerr.FromStatus(err)
	}
	switch event := answer.GetEvent().(type) {
	case *policyv1.ExpandResponse_Started:
		start, err := policywire.StartFromProto(event.Started)
		if err == nil && onStart != nil {
			onStart(start)
		}
		return policy.Child{}, err
	case *policyv1.ExpandResponse_Child:
		child, err := policywire.ChildFromProto(event.Child)
		if err == nil && !missing[child.Ordinal] {
			err = fmt.Errorf("%w: child %d came twice or was not asked for", wire.ErrMalformed, child.Ordinal)
		}
		delete(missing, child.Ordinal)
		return child, err
	case *policyv1.ExpandResponse_Done:
		if len(missing) > 0 {
			return policy.Child{}, fmt.Errorf("%w: done, but %d children did not come", wire.ErrMalformed, len(missing))
		}
		return policy.Child{}, nil
	case *policyv1.ExpandResponse_Error:
		return policy.Child{}, rpcerr.FromProto(event.Error)
	}
	return policy.Child{}, fmt.Errorf("%w: an event that this client does not know", wire.ErrMalformed)
}
