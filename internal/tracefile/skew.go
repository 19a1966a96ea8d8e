package tracefile

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// A Skew tells that the clocks of two processes differ, since spans of one begin before their parents in the other.
type Skew struct {
	Parent string        `json:"parent"` // process of the parents
	Child  string        `json:"child"`  // process of the spans that begin earlier
	By     time.Duration `json:"by_ns"`  // by how much at most: the clocks differ by at least that
	Spans  int           `json:"spans"`  // how many spans begin before their parents
}

// skews returns the processes whose clocks differ, largest difference first.
func (f *forest) skews() []Skew {
	found := map[[2]string]*Skew{}
	for _, n := range f.nodes {
		parent := f.nodes[n.parent]
		if parent == nil || parent.process == n.process || n.start >= parent.start {
			continue
		}
		key := [2]string{parent.process, n.process}
		s := found[key]
		if s == nil {
			s = &Skew{Parent: key[0], Child: key[1]}
			found[key] = s
		}
		s.Spans++
		s.By = max(s.By, time.Duration(parent.start-n.start))
	}
	var all []Skew
	for _, s := range slices.Collect(maps.Values(found)) {
		all = append(all, *s)
	}
	slices.SortFunc(all, func(a, b Skew) int {
		return cmp.Or(cmp.Compare(b.By, a.By), cmp.Compare(a.Parent, b.Parent), cmp.Compare(a.Child, b.Child))
	})
	return all
}
