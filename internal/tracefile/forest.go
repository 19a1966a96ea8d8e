package tracefile

import (
	"cmp"
	"slices"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// Limits of what is held of a trace, together about 100 MB. A search has some thousands of spans.
const (
	maxNodes    = 1 << 18 // spans
	maxChildren = 1 << 19 // children of generations; those of later ones are not told apart
)

// A forest holds the spans of the trace of one search.
type forest struct {
	search  Search
	nodes   map[string]*node
	omitted int // spans beyond maxNodes

	children map[string][]*node // of the tree of nodes that are shown, by the id of the parent; "" has the roots
}

// readForest reads the trace of a search that is in the sources.
func readForest(sources []Source, search Search) (*forest, error) {
	f := &forest{search: search, nodes: map[string]*node{}, children: map[string][]*node{}}
	children := 0
	_, err := readAll(sources, func(s *Span) {
		switch {
		case s.Trace != search.Trace, s.search() != search.ID && s.search() != "": // a client's trace may have many searches
		case len(f.nodes) < maxNodes:
			n := newNode(s, search.ID)
			if children += len(n.children); children > maxChildren {
				n.children = nil
			}
			f.nodes[n.id] = n
		default:
			f.omitted++
		}
	})
	if err != nil {
		return nil, err
	}
	for _, n := range f.nodes {
		if n.shown() {
			parent := f.shownParent(n)
			f.children[parent] = append(f.children[parent], n)
		}
	}
	return f, nil
}

// shown reports whether the node has a row of the timeline.
func (n *node) shown() bool {
	switch n.operation {
	case names.SpanSearch, names.SpanDepth, names.SpanEstimate, names.SpanGenerate, names.SpanScore:
		return n.ofSearch
	}
	return false
}

// shownParent returns the id of the nearest ancestor that is shown, or "".
func (f *forest) shownParent(n *node) string {
	if a := f.ancestor(n, (*node).shown); a != nil {
		return a.id
	}
	return ""
}

// job returns the attempt at a job that n is part of, nil if there was no queue.
func (f *forest) job(n *node) *node {
	if a := f.ancestor(n, func(a *node) bool { return a.waited || a.shown() }); a != nil && a.waited {
		return a
	}
	return nil
}

// maxAncestors is how many ancestors are looked at. A search has about ten; a node of a damaged file may be its own.
const maxAncestors = 64

// ancestor returns the nearest ancestor that matches, or nil.
func (f *forest) ancestor(n *node, matches func(*node) bool) *node {
	a := f.nodes[n.parent]
	for range maxAncestors {
		if a == nil || matches(a) {
			return a
		}
		a = f.nodes[a.parent]
	}
	return nil
}

// rows appends the rows below a parent.
func (f *forest) rows(parent string, indent int, rows *[]Row) {
	children := f.children[parent]
	slices.SortFunc(children, func(a, b *node) int { return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.id, b.id)) })
	for _, n := range children {
		row := Row{
			Name: n.label(), Node: n.path, Indent: indent,
			Start: time.Unix(0, n.start).Sub(f.search.Start), Duration: time.Duration(n.end - n.start), Failed: n.failed,
		}
		if n.operation == names.SpanGenerate {
			if job := f.job(n); job != nil {
				row.Wait = job.wait
			}
		}
		*rows = append(*rows, row)
		f.rows(n.id, indent+1, rows)
	}
}

// orphans returns how many spans of the search have a parent that is not in the forest. The search's own parent is the
// client's.
func (f *forest) orphans() int {
	count := 0
	for _, n := range f.nodes {
		if n.ofSearch && n.operation != names.SpanSearch && n.parent != "" && f.nodes[n.parent] == nil {
			count++
		}
	}
	return count
}
