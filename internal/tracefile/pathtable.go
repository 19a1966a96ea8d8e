package tracefile

import (
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/internal/printable"
)

// Write writes the critical path: the time of each phase, the straggler, and the segments in their order, about most of
// them, without the shortest.
func (p *Path) Write(w io.Writer, most int) error {
	var out strings.Builder
	phases := table{left: 1}
	phases.row("critical path", "time", "share")
	for _, s := range p.Phases {
		phases.row(s.Phase.label(), short(s.Duration), fmt.Sprintf("%.0f %%", 100*s.Share))
	}
	if err := phases.write(&out); err != nil {
		return err
	}
	out.WriteString("planner: all else, also transport and calls without spans\n")
	if p.Straggler != nil {
		fmt.Fprintf(&out, "straggler: %s\n", p.Straggler)
	}
	out.WriteString("\n")
	kept := longest(p.Segments, most)
	segments := table{left: 1, right: 4}
	segments.row("phase", "start", "time", "depth", "node", "process")
	for _, s := range kept {
		phase, depth := s.Phase.label(), "-"
		if s.Depth > 0 {
			depth = fmt.Sprint(s.Depth)
		}
		if s.Failed {
			phase += ", failed"
		}
		segments.row(phase, short(s.Start), short(s.Duration), depth, s.Node, s.Process)
	}
	if err := segments.write(&out); err != nil {
		return err
	}
	if hidden := len(p.Segments) - len(kept); hidden > 0 {
		fmt.Fprintf(&out, "%d shorter segments are not shown\n", hidden)
	}
	_, err := io.WriteString(w, out.String())
	return err
}

// label returns the phase as tables name it.
func (p Phase) label() string {
	if p == PhaseQueue {
		return "queue wait"
	}
	return string(p)
}

// String returns what the straggler is, and how long it took.
func (s *Straggler) String() string {
	what := "child " + name(s.Node)
	if s.Whole {
		if what = "the children of the root"; s.Node != "" {
			what = "the children of node " + name(s.Node)
		}
	}
	where := "of the estimate"
	if s.Depth > 0 {
		where = fmt.Sprintf("of depth %d", s.Depth)
	}
	text := fmt.Sprintf("%s %s, %s of generate", what, where, short(s.Duration))
	if s.Tokens > 0 {
		text += " for " + count(s.Tokens, "token", "tokens")
	}
	if s.Finish != "" {
		text += " (" + printable.Text(s.Finish) + ")"
	}
	if s.Siblings > 1 {
		text += fmt.Sprintf("; the median of all %d %s is %s", s.Siblings, where, short(s.Median))
	}
	return text
}

// longest returns the longest segments, at most most of them, in their order.
func longest(segments []Segment, most int) []Segment {
	if len(segments) <= max(most, 1) {
		return segments
	}
	kept := slices.Clone(segments)
	slices.SortStableFunc(kept, func(a, b Segment) int { return cmp.Compare(b.Duration, a.Duration) })
	kept = kept[:max(most, 1)]
	slices.SortFunc(kept, func(a, b Segment) int { return cmp.Compare(a.Start, b.Start) })
	return kept
}

// name returns a text of a file to print, "-" if it is empty.
func name(text string) string { return cmp.Or(printable.Text(text), "-") }
