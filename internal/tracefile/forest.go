package tracefile

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// A forest holds the spans of one trace, and the tree of those that are shown.
type forest struct {
	search   Search
	spans    map[string]*Span
	children map[string][]*Span // by the id of the parent that is shown; "" has the roots
}

func (f *forest) shown(s *Span) bool {
	if s.search() != f.search.ID {
		return false
	}
	switch s.Operation() {
	case names.SpanSearch, names.SpanDepth, names.SpanEstimate, names.SpanGenerate, names.SpanScore:
		return true
	}
	return false
}

// parent returns the id of the nearest ancestor that is shown, or "".
func (f *forest) parent(s *Span) string {
	if a := f.ancestor(s, f.shown); a != nil {
		return a.ID
	}
	return ""
}

// ancestor returns the nearest ancestor that matches, or nil. It terminates even if a span is
// its own ancestor.
func (f *forest) ancestor(s *Span, matches func(*Span) bool) *Span {
	seen := 0
	for a := f.spans[s.Parent]; a != nil && seen < len(f.spans); a = f.spans[a.Parent] {
		if matches(a) {
			return a
		}
		seen++
	}
	return nil
}

// rows appends the rows below a parent.
func (f *forest) rows(parent string, indent int, rows *[]Row) {
	children := f.children[parent]
	slices.SortFunc(children, func(a, b *Span) int { return cmp.Or(cmp.Compare(a.Start, b.Start), cmp.Compare(a.ID, b.ID)) })
	for _, s := range children {
		row := Row{
			Name: s.label(), Node: s.text(names.NodeID), Indent: indent,
			Start: time.Unix(0, s.Start).Sub(f.search.Start), Duration: s.Duration(),
		}
		if s.Status == "error" {
			row.Failed = cmp.Or(s.Message, "error")
		}
		if s.Operation() == names.SpanGenerate {
			waited := func(a *Span) bool { _, ok := a.wait(); return ok || f.shown(a) }
			if job := f.ancestor(s, waited); job != nil && !f.shown(job) {
				row.Wait, _ = job.wait()
			}
		}
		*rows = append(*rows, row)
		f.rows(s.ID, indent+1, rows)
	}
}

// label returns what the span is, with its depth if it is that of a depth.
func (s *Span) label() string {
	operation := s.Operation()
	if depth, ok := s.number(names.Depth); ok && operation == names.SpanDepth {
		return names.SpanName(operation, fmt.Sprint(int(depth)))
	}
	return operation
}
