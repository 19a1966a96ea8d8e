package planner

import (
	"context"
	"fmt"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/state"
)

// List implements Solver.
func (p *Planner) List(_ context.Context, r ListRequest) (Page[Search], error) {
	size, err := pageSize(r.PageSize, 50)
	if err != nil {
		return Page[Search]{}, err
	}
	token := newTokenCodec("searches", r.Tenant, r.States, r.CreatedFrom.UnixNano(), r.CreatedBefore.UnixNano())
	olderThan, err := token.position(r.PageToken)
	if err != nil {
		return Page[Search]{}, err
	}
	p.mu.Lock()
	if err := p.checkResumed(); err != nil {
		p.mu.Unlock()
		return Page[Search]{}, err
	}
	var found []*live
	for _, id := range slices.Backward(p.order) {
		if l := p.searches[id]; l.request.Tenant == r.Tenant && (olderThan == "" || id < olderThan) {
			found = append(found, l)
		}
	}
	p.mu.Unlock()
	var list []Search
	for _, l := range found {
		if s := l.search(); r.selects(s) {
			list = append(list, s)
		}
		if len(list) > size { // one more than the page has: pageOf needs it for the token of the next page
			break
		}
	}
	return pageOf(list, size, func(s Search) string { return token.at(s.ID) }, func(s Search) int { return s.Bytes() }), nil
}

// selects reports whether a search is one of those that r lists.
func (r ListRequest) selects(s Search) bool {
	return (len(r.States) == 0 || slices.Contains(r.States, s.State)) &&
		(r.CreatedFrom.IsZero() || !s.Created.Before(r.CreatedFrom)) &&
		(r.CreatedBefore.IsZero() || s.Created.Before(r.CreatedBefore))
}

// Nodes implements Solver.
func (p *Planner) Nodes(ctx context.Context, r NodesRequest) (Page[Node], error) {
	size, err := pageSize(r.PageSize, 200)
	if err != nil {
		return Page[Node]{}, err
	}
	if r.Depth < 0 {
		return Page[Node]{}, reasoning.Invalid("depth", "must be at least 1, or unset, is %d", r.Depth)
	}
	if field := r.parentField(); !state.ValidNode(r.Parent) {
		return Page[Node]{}, reasoning.Invalid(field, "must be ordinals joined by dots, such as 0.3, or empty for the root, is %q", r.Parent)
	}
	token := newTokenCodec("nodes", r.Tenant, r.ID, r.Parent, r.Children, r.Depth)
	after, err := token.position(r.PageToken)
	if err != nil {
		return Page[Node]{}, err
	}
	l, err := p.find(r.Ref)
	if err != nil {
		return Page[Node]{}, err
	}
	if err := p.restoreNodes(ctx, l); err != nil {
		return Page[Node]{}, err
	}
	if !l.hasNode(r.Parent) {
		return Page[Node]{}, fmt.Errorf("%w: %q", ErrNoNode, r.Parent)
	}
	nodes := slices.DeleteFunc(l.nodes(r.Parent, r.Depth), func(n Node) bool {
		return r.Children && n.Parent != r.Parent || after != "" && CompareNodes(n.ID, after) <= 0
	})
	return pageOf(nodes, size, func(n Node) string { return token.at(n.ID) }, func(n Node) int { return n.Bytes() }), nil
}

// parentField returns the contract's name of r.Parent.
func (r NodesRequest) parentField() string {
	if r.Children {
		return "parent_id"
	}
	return "ancestor_id"
}
