package tracefile

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"time"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// A Phase is what a search waited for.
type Phase string

// Phases of a critical path.
const (
	PhaseQueue    Phase = "queue"
	PhaseGenerate Phase = "generate"
	PhaseScore    Phase = "score"
	PhasePlanner  Phase = "planner" // all else: the planner's own time, transport, and work that left no spans
)

// A Path is the critical path of a search: what the search waited for, from its start to its end. Each segment begins
// where the one before it ends.
//
// The path is found backwards from the end of the search. Of the children and scores that had ended by then, the search
// waited for the last one; before that one was requested, it waited for the last one that had ended by then; and so on.
// The generation before a score is that of the scored node; it ended when the score began, if it ended later by another
// clock.
type Path struct {
	Segments  []Segment  `json:"segments"`
	Phases    []Share    `json:"phases"`              // in the order of the constants
	Straggler *Straggler `json:"straggler,omitempty"` // nil if no generation is on the path
}

// A Segment is a part of a critical path.
type Segment struct {
	Phase    Phase         `json:"phase"`
	Node     string        `json:"node,omitempty"`    // the expanded one if its children are not told apart
	Depth    int           `json:"depth,omitempty"`   // of the node; 0: none, or that of a sample of an estimate
	Process  string        `json:"process,omitempty"` // that did the work
	Failed   bool          `json:"failed,omitempty"`  // the work failed
	Start    time.Duration `json:"start_ns"`          // after the search's
	Duration time.Duration `json:"duration_ns"`
}

// A Share is the time of a critical path in a phase.
type Share struct {
	Phase    Phase         `json:"phase"`
	Duration time.Duration `json:"duration_ns"`
	Share    float64       `json:"share"` // of the search's duration, 0 to 1
}

// A Straggler is the child whose generation is the longest of a critical path.
type Straggler struct {
	Node     string        `json:"node"`
	Whole    bool          `json:"whole,omitempty"` // it is all children of Node: the file does not tell them apart
	Depth    int           `json:"depth"`           // 0: it is a sample of an estimate
	Duration time.Duration `json:"duration_ns"`
	Tokens   int           `json:"tokens"`
	Finish   string        `json:"finish,omitempty"`
	Siblings int           `json:"siblings"`  // generations of its depth that did not fail, itself included
	Median   time.Duration `json:"median_ns"` // of their durations
}

// A work is the generation of a child, or a score. It is requested, and begins after it has waited in a queue.
type work struct {
	phase         Phase
	node, process string
	depth         int
	failed        bool
	whole         bool // of all children of node
	// In nanoseconds since 1970, in this order. It waits in the queue from requested to waited.
	requested, waited, began, finished int64
	took                               time.Duration // of generating or scoring, by the clock of its process
	late                               time.Duration // how long after its score began the generation ended
	scoredBy                           string        // process of that score
	child                              child
}

// path returns the critical path of the search by its works, which it reorders.
func (f *forest) path(works []*work) *Path {
	start, end := f.search.Start.UnixNano(), f.search.end.UnixNano()
	works = clip(works, start, end)
	of := map[string][]*work{} // generations of single children, by node
	took := map[int][]*work{}  // generations, by depth
	for _, w := range works {
		if w.phase != PhaseGenerate || w.failed {
			continue
		}
		took[w.depth] = append(took[w.depth], w)
		if !w.whole {
			of[w.node] = append(of[w.node], w)
		}
	}
	p := &Path{}
	var longest, last *work // generation of the path, and work that was found
	for now := end; now > start; {
		w := generationOf(of, last, now)
		if w == nil {
			for len(works) > 0 && (works[len(works)-1].finished > now || works[len(works)-1].requested >= now) {
				works = works[:len(works)-1]
			}
			if len(works) == 0 {
				p.add(PhasePlanner, nil, start, start, now)
				break
			}
			w = works[len(works)-1]
		}
		p.add(PhasePlanner, nil, start, min(w.finished, now), now)
		p.add(w.phase, w, start, w.began, min(w.finished, now))
		p.add(PhasePlanner, nil, start, w.waited, min(w.began, now))
		p.add(PhaseQueue, w, start, w.requested, min(w.waited, now))
		if w.phase == PhaseGenerate && (longest == nil || w.took > longest.took) {
			longest = w
		}
		now, last = w.requested, w
	}
	slices.Reverse(p.Segments)
	p.share(time.Duration(end - start))
	if longest != nil {
		p.Straggler = stragglerOf(longest, took[longest.depth])
	}
	return p
}

// generationOf returns the generation of the node that last scored, the latest one that had ended; nil if last is no
// score or there is none.
func generationOf(of map[string][]*work, last *work, now int64) *work {
	if last == nil || last.phase != PhaseScore {
		return nil
	}
	works := of[last.node] // by their end
	after, _ := slices.BinarySearchFunc(works, now+1, func(w *work, t int64) int { return cmp.Compare(w.finished, t) })
	if after == 0 {
		return nil
	}
	return works[after-1]
}

// add adds a segment before those that are there.
func (p *Path) add(phase Phase, w *work, origin, from, to int64) {
	if to <= from {
		return
	}
	s := Segment{Phase: phase, Start: time.Duration(from - origin), Duration: time.Duration(to - from)}
	if w != nil {
		s.Node, s.Depth, s.Process, s.Failed = w.node, w.depth, w.process, w.failed
	}
	p.Segments = append(p.Segments, s)
}

// share computes the share of each phase.
func (p *Path) share(total time.Duration) {
	took := map[Phase]time.Duration{}
	for _, s := range p.Segments {
		took[s.Phase] += s.Duration
	}
	for _, phase := range []Phase{PhaseQueue, PhaseGenerate, PhaseScore, PhasePlanner} {
		p.Phases = append(p.Phases, Share{phase, took[phase], float64(took[phase]) / float64(max(total, 1))})
	}
}

// stragglerOf returns the straggler w; siblings are the generations of its depth.
func stragglerOf(w *work, siblings []*work) *Straggler {
	s := &Straggler{
		Node: w.node, Whole: w.whole, Depth: w.depth, Duration: w.took,
		Tokens: w.child.tokens, Finish: w.child.finish, Siblings: len(siblings),
	}
	var all []time.Duration
	for _, w := range siblings {
		all = append(all, w.took)
	}
	if slices.Sort(all); len(all) > 0 {
		s.Median = all[(len(all)-1)/2]
	}
	return s
}

// works returns the works of the search.
func (f *forest) works() []*work {
	first := f.firstGenerations()
	var works []*work
	for _, n := range f.nodes {
		if !n.ofSearch || n.operation != names.SpanGenerate && n.operation != names.SpanScore {
			continue
		}
		w := work{phase: PhaseScore, node: n.path, process: n.process, depth: n.depth, failed: n.failed != ""}
		w.requested, w.waited, w.began, w.finished = n.start, n.start, n.start, n.end
		if f.ancestor(n, func(a *node) bool { return a.operation == names.SpanEstimate }) != nil {
			w.depth = 0
		}
		if n.operation == names.SpanScore {
			works = append(works, &w)
			continue
		}
		w.phase = PhaseGenerate
		if job := f.job(n); job != nil && first[job.id] == n {
			w.waited = min(job.start, n.start)
			w.requested = min(job.start-int64(job.wait), w.waited)
		}
		for _, c := range n.children {
			one := w // a copy
			one.node, one.child, one.finished, one.failed = childOf(n.path, c.ordinal), c, c.end, false
			works = append(works, &one)
		}
		if w.whole = true; len(n.children) == 0 || w.failed {
			works = append(works, &w)
		}
	}
	for _, w := range works {
		w.took = time.Duration(w.finished - w.began)
	}
	correct(works)
	return works
}

// clip returns the works that have a part between start and end, by their end, without what is beyond.
func clip(works []*work, start, end int64) []*work {
	works = slices.DeleteFunc(works, func(w *work) bool {
		for _, t := range []*int64{&w.requested, &w.waited, &w.began, &w.finished} {
			*t = min(max(*t, start), end)
		}
		return w.requested >= w.finished
	})
	slices.SortFunc(works, func(a, b *work) int {
		return cmp.Or(cmp.Compare(a.finished, b.finished), cmp.Compare(b.requested, a.requested),
			cmp.Compare(a.node, b.node), cmp.Compare(a.phase, b.phase), cmp.Compare(a.process, b.process))
	})
	return works
}

// correct corrects the ends of generations that, since clocks differ, are after the beginning of the child's score.
func correct(works []*work) {
	scores := map[string][]*work{} // in the order in which they began, by node
	for _, w := range works {
		if w.phase == PhaseScore {
			scores[w.node] = append(scores[w.node], w)
		}
	}
	byBegin := func(a, b *work) int { return cmp.Or(cmp.Compare(a.began, b.began), cmp.Compare(a.process, b.process)) }
	for _, all := range scores {
		slices.SortFunc(all, byBegin)
	}
	for _, w := range works {
		if w.phase != PhaseGenerate || w.whole {
			continue
		}
		of := scores[w.node]
		i, _ := slices.BinarySearchFunc(of, w.requested+1, func(s *work, t int64) int { return cmp.Compare(s.began, t) })
		if i < len(of) && of[i].began < w.finished {
			w.late, w.scoredBy = time.Duration(w.finished-of[i].began), of[i].process
			w.finished = of[i].began
			w.began, w.waited = min(w.began, w.finished), min(w.waited, w.finished)
		}
	}
}

// firstGenerations returns the first generation of each attempt at a job. If a worker has fewer slots than a job has
// children, an attempt has several, and only the first has waited in the queue.
func (f *forest) firstGenerations() map[string]*node {
	first := map[string]*node{}
	for _, id := range slices.Sorted(maps.Keys(f.nodes)) {
		n := f.nodes[id]
		if n.operation != names.SpanGenerate {
			continue
		}
		if job := f.job(n); job != nil && (first[job.id] == nil || n.start < first[job.id].start) {
			first[job.id] = n
		}
	}
	return first
}

// childOf returns the id of the child of a node of the tree.
func childOf(parent string, ordinal int) string {
	if parent == "" {
		return strconv.Itoa(ordinal)
	}
	return parent + "." + strconv.Itoa(ordinal)
}
