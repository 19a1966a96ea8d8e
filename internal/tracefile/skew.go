package tracefile

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// A Skew tells that the clocks of two processes differ, since in one something happened before its cause in the other.
type Skew struct {
	Cause  string        `json:"cause"`            // process of parents, or of generations
	Effect string        `json:"effect"`           // of spans that begin before their parents, or of scores
	Scores bool          `json:"scores,omitempty"` // the effects are scores of children that had not arrived
	By     time.Duration `json:"by_ns"`            // by how much at most: the clocks differ by at least that
	Spans  int           `json:"spans"`            // how many effects are before their causes
}

// skews returns the processes whose clocks differ, largest difference first.
func (f *forest) skews(works []*work) []Skew {
	found := map[Skew]*Skew{}
	add := func(s Skew, by time.Duration) {
		if by <= 0 || s.Cause == s.Effect {
			return
		}
		if found[s] == nil {
			found[s] = &Skew{Cause: s.Cause, Effect: s.Effect, Scores: s.Scores}
		}
		found[s].Spans++
		found[s].By = max(found[s].By, by)
	}
	for _, n := range f.nodes {
		if parent := f.nodes[n.parent]; parent != nil {
			add(Skew{Cause: parent.process, Effect: n.process}, time.Duration(parent.start-n.start))
		}
	}
	for _, w := range works {
		add(Skew{Cause: w.process, Effect: w.scoredBy, Scores: true}, w.late)
	}
	var all []Skew
	for _, s := range found {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Skew) int {
		return cmp.Or(cmp.Compare(b.By, a.By), cmp.Compare(a.Cause, b.Cause), cmp.Compare(a.Effect, b.Effect),
			cmp.Compare(a.Spans, b.Spans))
	})
	return all
}

// String returns what differs, as a sentence.
func (s Skew) String() string {
	what := count(s.Spans, "span begins", "spans begin") + " before the parent in "
	if s.Scores {
		what = count(s.Spans, "score begins", "scores begin") + " before the child arrived in "
	}
	return fmt.Sprintf("Clocks differ: in %s, %s%s, by up to %s.", name(s.Effect), what, name(s.Cause), short(s.By))
}
