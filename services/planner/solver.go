package planner

import (
	"context"
	"iter"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Solver solves problems by search. A search outlives the call that created it, and
// clients follow it from any sequence number. A Solver is safe for concurrent use.
//
// A search belongs to a tenant. For another tenant, and once the Solver no longer keeps the
// search, the methods that take a Ref return ErrNotFound. A request that breaks a rule is refused
// with a *reasoning.InvalidError. Methods that wait return an error when ctx ends.
type Solver interface {
	// Create accepts a request and returns the new search. It does not wait for an answer, and the
	// search does not end with ctx.
	//
	// If the Solver keeps a search with the request's idempotency key, Create returns that search,
	// also after its end and after the request's deadline, or ErrExists if the requests differ. It
	// returns ErrNoVerifier if the request needs a verifier and there is none, policy.ErrIncapable if
	// the models cannot do what it needs, reasoning.ErrUnreadable if they cannot read the problem,
	// reasoning.ErrOverloaded if there are too many live searches, and reasoning.ErrUnavailable if
	// the Solver is stopping.
	Create(ctx context.Context, r Request) (Search, error)
	// Watch yields events that together cover every sequence number after a given one, each
	// number once, until the search has ended. After 0 they cover the whole search. An event has
	// the latest change of each node and of each other subject: a slow reader gets fewer and
	// larger events of at most MaxEventBytes, without the changes that later ones superseded. The
	// last event has the outcome; after the last number of an ended search there is none. The given
	// number must be at most that of the search. An error is yielded last; the search continues,
	// and another Watch may continue after the last event.
	Watch(ctx context.Context, ref Ref, after int64) iter.Seq2[Event, error]
	// Wait returns a search after its end, or as it is after the timeout. A timeout of 0 does not
	// wait.
	Wait(ctx context.Context, ref Ref, timeout time.Duration) (Search, error)
	// Get returns the state of a search.
	Get(ctx context.Context, ref Ref) (Search, error)
	// List returns a page of a tenant's searches, newest first.
	List(ctx context.Context, r ListRequest) (Page[Search], error)
	// Nodes returns a page of the nodes of a search, parents before children and siblings
	// by ordinal. It returns ErrNoNode if the tree does not have the node Parent.
	Nodes(ctx context.Context, r NodesRequest) (Page[Node], error)
	// Cancel ends a search and returns it after its end. The search ends even if ctx ends earlier
	// and Cancel returns an error. Cancel does not change a search that has ended.
	Cancel(ctx context.Context, ref Ref) (Search, error)
	// Delete removes a search and its idempotency key. It cancels a live search first; if ctx ends
	// before the search has, Delete returns an error and does not remove it.
	Delete(ctx context.Context, ref Ref) error
	// Plan returns the plan for a request, without a search. If the plan depends on an
	// estimate of difficulty, Plan runs and bills the estimate.
	Plan(ctx context.Context, r Request) (PlanResult, error)
	// Models returns the policies and verifiers that requests may name. It leaves out a verifier
	// that does not answer, and fails if a policy does not.
	Models(ctx context.Context) (Models, error)
}

// A Ref names a search.
type Ref struct{ Tenant, ID string }

// A ListRequest selects searches of a tenant.
type ListRequest struct {
	Tenant        string
	States        []State   // any of these; empty: any
	CreatedFrom   time.Time // earliest time of creation; zero: no bound
	CreatedBefore time.Time // zero: no bound
	PageSize      int       // 0 is 50; more than MaxPageSize is MaxPageSize
	PageToken     string    // Page.Next of the previous page; "" is the first page
}

// A NodesRequest selects nodes of a search.
type NodesRequest struct {
	Ref
	Parent    string // only nodes below this one; "" is the root
	Children  bool   // only children of Parent, without their descendants
	Depth     int    // only nodes at this depth below the root; 0 is any
	PageSize  int    // 0 is 200; more than MaxPageSize is MaxPageSize
	PageToken string // Page.Next of the previous page; "" is the first page
}

// A PlanResult is a plan and the estimate on which it depends.
type PlanResult struct {
	Plan     Plan
	Estimate *difficulty.Estimate // nil if the plan does not depend on one
	Bill     reasoning.Bill       // of the estimate
}

// Models lists the models that requests may name, with what they can do.
type Models struct {
	Policies  []policy.Model
	Verifiers []verifier.RewardModel // without those that do not answer
}
