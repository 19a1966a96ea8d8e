package plannerrpc

import (
	"context"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Client is a planner.Solver that calls a planner over gRPC.
//
// Watch and Wait outlive the connection: if it breaks or the planner cannot be reached, they
// retry until their context ends, and Watch continues after the last event. They do not wait
// for a planner that has never responded to the Client. All other methods make one call.
type Client struct {
	service   plannerv1.PlannerServiceClient
	responded atomic.Bool // the planner has responded without an error once
}

var _ planner.Solver = (*Client)(nil)

// NewClient returns a Client over conn, which the caller closes.
func NewClient(conn grpc.ClientConnInterface) *Client {
	return &Client{service: plannerv1.NewPlannerServiceClient(conn)}
}

// domainError converts the error of a call to a domain error. If there is none, it records that
// the planner has responded.
func (c *Client) domainError(ctx context.Context, err error) error {
	switch {
	case err == nil:
		c.responded.Store(true)
		return nil
	case ctx.Err() != nil:
		return context.Cause(ctx)
	}
	return rpcerr.FromStatus(err)
}

// Create implements planner.Solver.
func (c *Client) Create(ctx context.Context, r planner.Request) (planner.Search, error) {
	out, err := c.service.CreateSearch(ctx, &plannerv1.CreateSearchRequest{
		Tenant: r.Tenant, Spec: SpecToProto(r), IdempotencyKey: r.IdempotencyKey,
	})
	if err := c.domainError(ctx, err); err != nil {
		return planner.Search{}, err
	}
	return searchFromProto(out.GetSearch())
}

// maxWaitCall is the longest time that one call of Wait takes, because proxies end calls without
// traffic, often after a minute.
const maxWaitCall = 30 * time.Second

// Wait implements planner.Solver.
func (c *Client) Wait(ctx context.Context, ref planner.Ref, timeout time.Duration) (planner.Search, error) {
	if timeout < 0 {
		return planner.Search{}, reasoning.Invalid("timeout", "must not be negative, is %v", timeout)
	}
	until := time.Now().Add(timeout)
	var pause backoff
	for {
		rest := max(0, time.Until(until))
		out, err := c.service.WaitSearch(ctx, &plannerv1.WaitSearchRequest{
			Tenant: ref.Tenant, SearchId: ref.ID, Timeout: durationpb.New(min(rest, maxWaitCall)),
		})
		if err != nil && c.transient(ctx, err) {
			if err := pause.wait(ctx); err != nil {
				return planner.Search{}, err
			}
			continue
		}
		if err := c.domainError(ctx, err); err != nil {
			return planner.Search{}, err
		}
		search, err := searchFromProto(out.GetSearch())
		if err != nil || search.State.Ended() || rest <= maxWaitCall {
			return search, err
		}
		pause = backoff{}
	}
}

// Get implements planner.Solver.
func (c *Client) Get(ctx context.Context, ref planner.Ref) (planner.Search, error) {
	out, err := c.service.GetSearch(ctx, &plannerv1.GetSearchRequest{Tenant: ref.Tenant, SearchId: ref.ID})
	if err := c.domainError(ctx, err); err != nil {
		return planner.Search{}, err
	}
	return searchFromProto(out.GetSearch())
}

// List implements planner.Solver.
func (c *Client) List(ctx context.Context, r planner.ListRequest) (planner.Page[planner.Search], error) {
	out, err := c.service.ListSearches(ctx, listRequestToProto(r))
	if err := c.domainError(ctx, err); err != nil {
		return planner.Page[planner.Search]{}, err
	}
	return page(out.GetSearches(), out.GetNextPageToken(), searchFromProto)
}

// Nodes implements planner.Solver.
func (c *Client) Nodes(ctx context.Context, r planner.NodesRequest) (planner.Page[planner.Node], error) {
	if r.Depth < 0 {
		return planner.Page[planner.Node]{}, reasoning.Invalid("depth", "must be at least 1, or unset, is %d", r.Depth)
	}
	out, err := c.service.ListNodes(ctx, nodesRequestToProto(r))
	if err := c.domainError(ctx, err); err != nil {
		return planner.Page[planner.Node]{}, err
	}
	return page(out.GetNodes(), out.GetNextPageToken(), nodeFromProto)
}

// page converts the messages of a page.
func page[P, D any](messages []P, next string, fromProto func(P) (D, error)) (planner.Page[D], error) {
	out := planner.Page[D]{Next: next}
	for _, m := range messages {
		item, err := fromProto(m)
		if err != nil {
			return out, err
		}
		out.Items = append(out.Items, item)
	}
	return out, nil
}

// Cancel implements planner.Solver.
func (c *Client) Cancel(ctx context.Context, ref planner.Ref) (planner.Search, error) {
	out, err := c.service.CancelSearch(ctx, &plannerv1.CancelSearchRequest{Tenant: ref.Tenant, SearchId: ref.ID})
	if err := c.domainError(ctx, err); err != nil {
		return planner.Search{}, err
	}
	return searchFromProto(out.GetSearch())
}

// Delete implements planner.Solver.
func (c *Client) Delete(ctx context.Context, ref planner.Ref) error {
	_, err := c.service.DeleteSearch(ctx, &plannerv1.DeleteSearchRequest{Tenant: ref.Tenant, SearchId: ref.ID})
	return c.domainError(ctx, err)
}

// Plan implements planner.Solver.
func (c *Client) Plan(ctx context.Context, r planner.Request) (planner.PlanResult, error) {
	out, err := c.service.PlanSearch(ctx, &plannerv1.PlanSearchRequest{Tenant: r.Tenant, Spec: SpecToProto(r)})
	if err := c.domainError(ctx, err); err != nil {
		return planner.PlanResult{}, err
	}
	return planResultFromProto(out)
}

// Models implements planner.Solver.
func (c *Client) Models(ctx context.Context) (models planner.Models, err error) {
	out, err := c.service.ListModels(ctx, &plannerv1.ListModelsRequest{})
	if err := c.domainError(ctx, err); err != nil {
		return models, err
	}
	for _, p := range out.GetPolicies() {
		m, err := policywire.ModelFromProto(p.GetModel(), p.GetCapabilities())
		if err != nil {
			return models, err
		}
		models.Policies = append(models.Policies, m)
	}
	for _, p := range out.GetVerifiers() {
		m, err := wire.ModelFromProto(p.GetModel())
		if err != nil {
			return models, err
		}
		aggregator := verifier.Aggregator(p.GetAggregator())
		if aggregator < verifier.AggregatorMin || aggregator > verifier.AggregatorProd {
			return models, wire.Malformed("aggregator", "must be MIN, LAST, AVG or PROD, is %v", p.GetAggregator())
		}
		input, err := wire.InputFromProto(p.GetCapabilities().GetInput())
		if err != nil {
			return models, err
		}
		can := verifier.Capabilities{Input: input, Steps: wire.SupportFromProto(p.GetCapabilities().GetSteps())}
		models.Verifiers = append(models.Verifiers, verifier.RewardModel{Model: m, Aggregator: aggregator, Capabilities: can})
	}
	return models, nil
}
