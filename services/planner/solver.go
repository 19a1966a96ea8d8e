package planner

import (
	"context"
	"iter"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Solver solves problems by search. A search outlives the call that created it, and
// clients follow it from any sequence number. A Solver is safe for concurrent use.
//
// A search belongs to a tenant: for any other it does not exist, and every method
// returns ErrNotFound.
type Solver interface {
	// Create accepts a search and returns it as it stands then; it does not wait for an
	// answer. A request with the idempotency key of an earlier one returns the earlier
	// search, also after its end and after the request's deadline; ErrExists says that the
	// earlier request was a different one. ErrOverloaded refuses a search beyond the
	// Solver's limit. The search does not end with ctx.
	Create(ctx context.Context, r Request) (Search, error)
	// Watch yields what changed in a search after a sequence number, and goes on until the
	// search has ended: no change is left out, none comes twice, and exactly one event, the
	// last, has an outcome. A slow reader gets fewer and larger events, none of more than
	// MaxEventBytes. After 0 the events begin with the search. An error is the last
	// that is yielded; the search goes on, and another Watch may continue after the last event.
	Watch(ctx context.Context, ref Ref, after int64) iter.Seq2[Event, error]
	// Wait returns a search at its end, or as it stands after the timeout. A timeout of 0
	// does not wait.
	Wait(ctx context.Context, ref Ref, timeout time.Duration) (Search, error)
	// Get returns a search as it stands.
	Get(ctx context.Context, ref Ref) (Search, error)
	// List returns a page of a tenant's searches, newest first.
	List(ctx context.Context, r ListRequest) (Page[Search], error)
	// Nodes returns a page of the nodes of a search, parents before children and siblings
	// by ordinal.
	Nodes(ctx context.Context, r NodesRequest) (Page[Node], error)
	// Cancel ends a search and returns it as it stands after that. It changes nothing of
	// one that has ended.
	Cancel(ctx context.Context, ref Ref) (Search, error)
	// Delete forgets a search with its idempotency key. A live search is cancelled first.
	Delete(ctx context.Context, ref Ref) error
	// Plan returns how a search for this request would go about it, and why. It pays for
	// the estimate of difficulty where the plan depends on one.
	Plan(ctx context.Context, r Request) (Planned, error)
	// Models returns the policies and verifiers that requests may name.
	Models(ctx context.Context) (Models, error)
}

// A Ref names a search.
type Ref struct{ Tenant, ID string }

// A ListRequest selects searches of a tenant.
type ListRequest struct {
	Tenant        string
	States        []State   // any of these; empty: any
	CreatedFrom   time.Time // at the earliest; zero does not bound
	CreatedBefore time.Time // zero does not bound
	PageSize      int       // 0 is 50; more than MaxPageSize is MaxPageSize
	PageToken     string    // Page.Next of the page before; "" is the first page
}

// A NodesRequest selects nodes of a search.
type NodesRequest struct {
	Ref
	Parent    string // only nodes below this one; "" is the root, below which all are
	Children  bool   // of Parent only, and not of its descendants
	Depth     int    // only nodes of this depth; 0 is any
	PageSize  int    // 0 is 200; more than MaxPageSize is MaxPageSize
	PageToken string // Page.Next of the page before; "" is the first page
}

// A Planned is a plan with the estimate that it follows.
type Planned struct {
	Plan     Plan
	Estimate *difficulty.Estimate // nil where the plan does not depend on one
	Bill     reasoning.Bill       // of the estimate
}

// Models are the models that requests may name.
type Models struct {
	Policies  []reasoning.Model
	Verifiers []verifier.RewardModel // those that answer
}
