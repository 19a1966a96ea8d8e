package planner

import (
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/journal"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/state"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// restoreTimeout bounds the time in which the nodes of an ended search are restored.
const restoreTimeout = 30 * time.Second

// restoreNodes restores the nodes of a search that ended before the last restart of the planner,
// unless it has them: it runs the search again over its recorded answers, and calls no model.
func (p *Planner) restoreNodes(ctx context.Context, l *live) error {
	if l.nodesKept == 0 {
		return nil
	}
	l.restoring.Lock()
	defer l.restoring.Unlock()
	if l.nodesRestored {
		return nil
	}
	ctx, stop := context.WithTimeout(ctx, restoreTimeout)
	defer stop()
	_, records, err := p.cfg.Journal.Open(ctx, journal.KeyOf(l.request.Tenant, l.id))
	if err != nil {
		return err
	}
	h, err := readHistory(records)
	if err != nil {
		return err
	}
	if h.ended == nil || h.models == nil || h.plan == nil {
		return fmt.Errorf("%w: it ended without a plan", journal.ErrCorrupt)
	}
	nodes, err := h.grow(ctx, l.id)
	if err != nil {
		return err
	}
	l.restored(h, nodes)
	return nil
}

// restored replaces the view of an ended search by one with nodes.
func (l *live) restored(h history, nodes []state.Change) {
	view := state.NewView(h.epoch + 1)
	view.Apply(state.Accepted{ID: l.id, Request: l.request}, l.created)
	for _, c := range h.changes(nodes) {
		view.Apply(c, h.ended.Ended)
	}
	l.nodesRestored = true
	l.mu.Lock()
	defer l.mu.Unlock()
	l.view = view
	close(l.changed)
	l.changed = make(chan struct{})
}

// grow returns the nodes that the search had, as changes.
func (h history) grow(ctx context.Context, id string) ([]state.Change, error) {
	m, err := h.savedModels()
	if err != nil {
		return nil, err
	}
	s := stack{memo: backend.Memo(noModels{}, backend.NewMemory(noStoreBytes), m.identity(h.request.Tenant))}
	s.meterAndThink(backend.Journal(s.memo, h.answers, func(backend.Answer) {}), h.request, m)
	if h.estimate != nil {
		from := estimateRequest(id, h.request)
		if err := recordSamples(ctx, s.memo, from, *h.estimate); err != nil {
			return nil, err
		}
		s.meter.ChargeEstimate(h.estimate.Cost())
	}
	tree := search.New(s.Backend, problem(id, h.request, m))
	latest := map[string]Node{}
	tree.Observe = func(n *search.Node) {
		node := nodeOf(n)
		if node.State == search.StateFailed && node.Reason == errNoModels.Error() { // it was requested when the search ended
			node.State, node.Reason = search.StateCancelled, "the search ended"
		}
		latest[n.ID] = node
	}
	search.Run(ctx, tree, h.plan.Strategy) // its error is in the outcome
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var nodes []state.Change
	for _, id := range slices.SortedFunc(maps.Keys(latest), CompareNodes) {
		nodes = append(nodes, state.NodeChanged{Node: latest[id]})
	}
	return nodes, nil
}

// noModels is a Backend without models: it answers no request.
type noModels struct{}

var errNoModels = reasoning.NewError(reasoning.KindInternal, "ANSWER_NOT_RECORDED", "an ended search asks for an answer that was not recorded")

func (noModels) Expand(context.Context, policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) { yield(policy.Child{}, errNoModels) }
}

func (noModels) Score(context.Context, verifier.Request) (verifier.Result, error) {
	return verifier.Result{}, errNoModels
}
