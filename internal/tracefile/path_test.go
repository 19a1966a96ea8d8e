package tracefile

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// A mill writes the spans of one search, of several processes, as the services do. Times are in milliseconds.
type mill struct {
	pens   map[string]*pen  // by process
	ahead  map[string]int64 // of the process's clock
	depths map[int]string   // ids of the spans of depths
	ends   map[int]int64
	next   int
}

const millSearch = "01MILL"

func newMill() *mill {
	return &mill{pens: map[string]*pen{}, ahead: map[string]int64{}, depths: map[int]string{}, ends: map[int]int64{}}
}

// span writes a span of a process.
func (m *mill) span(process, id, parent, operation string, start, end int64, more attributes, events ...Event) string {
	p := m.pens[process]
	if p == nil {
		p = &pen{trace: strings.Repeat("c", 32), epoch: time.Date(2026, 11, 27, 9, 0, 0, 0, time.UTC).UnixNano(), service: process}
		m.pens[process] = p
	}
	if id == "" {
		id = m.id()
	}
	all := attributes{names.Operation: operation, names.SearchID: millSearch}
	for k, v := range more {
		all[k] = v
	}
	skew := m.ahead[process]
	for i := range events {
		events[i].Time = p.epoch + (events[i].Time+skew)*millisecond
	}
	p.events = events
	return p.span(id, parent, "span of "+operation, start+skew, end+skew, all)
}

func (m *mill) id() string {
	m.next++
	return fmt.Sprintf("%016x", m.next)
}

// depth returns the id of the span of a depth.
func (m *mill) depth(depth int, until int64) string {
	if m.depths[depth] == "" {
		m.depths[depth] = m.id()
	}
	m.ends[depth] = max(m.ends[depth], until)
	return m.depths[depth]
}

// A grown is a child of a job.
type grown struct{ ordinal, arrives int64 }

// job writes a job for children of a node: it is sent, waits in the queue, and is processed until the last child
// arrived.
func (m *mill) job(node string, depth int, sent, wait int64, children ...grown) {
	began, end := sent+wait, sent+wait
	var events []Event
	for _, c := range children {
		end = max(end, c.arrives)
		events = append(events, Event{Name: names.EventChild, Time: c.arrives, Attributes: attributes{
			names.ChildOrdinal: c.ordinal, names.ChildSeconds: float64(c.arrives-began) / 1000, names.GenAIOutputTokens: 10 * c.ordinal,
			names.ChildFinish: "step",
		}})
	}
	of := attributes{names.Depth: depth, names.NodeID: node}
	send := m.span("planner", "", m.depth(depth, end), names.SpanSend, sent, sent+1, of)
	seen := max(0, float64(wait+m.ahead["policy"])/1000) // the worker measures by its own clock
	process := m.span("policy", "", send, names.SpanProcess, began, end+1, attributes{names.Depth: depth, names.NodeID: node, names.QueueWait: seen})
	m.span("policy", "", process, names.SpanGenerate, began, end, of, events...)
}

// score writes the score of a node.
func (m *mill) score(node string, depth int, start, end int64) {
	m.span("verifier", "", m.depth(depth, end), names.SpanScore, start, end, attributes{names.Depth: depth, names.NodeID: node})
}

// files returns the files of the processes, when the search ends.
func (m *mill) files(end int64) (all []string) {
	root := m.id()
	for depth, id := range m.depths {
		m.span("planner", id, root, names.SpanDepth, 0, m.ends[depth], attributes{names.Depth: depth, names.Width: 1})
	}
	m.span("planner", root, "00000000000000ff", names.SpanSearch, 0, end, attributes{names.Strategy: "beam", names.State: "succeeded"})
	for _, process := range []string{"planner", "policy", "verifier"} {
		if p := m.pens[process]; p != nil {
			all = append(all, p.String())
		}
	}
	return all
}

// traceOf returns the trace of the only search of files.
func traceOf(t interface{ Fatalf(string, ...any) }, texts ...string) *forest {
	summary, err := summarize(files(texts...), "")
	if err != nil || len(summary.Searches) != 1 {
		t.Fatalf("%d searches, want 1: %v", len(summary.Searches), err)
	}
	f, err := readForest(files(texts...), summary.Searches[0])
	if err != nil {
		t.Fatalf("%v", err)
	}
	return f
}

// drawn returns the segments of a path, one a line, with times in milliseconds.
func drawn(p *Path) string {
	var out strings.Builder
	for _, s := range p.Segments {
		fmt.Fprintf(&out, "%d-%d %s %s\n", s.Start.Milliseconds(), (s.Start + s.Duration).Milliseconds(), s.Phase, s.Node)
	}
	return strings.ReplaceAll(out.String(), " \n", "\n")
}

func TestCriticalPath(t *testing.T) {
	for name, c := range map[string]struct {
		write func(*mill)
		end   int64
		want  string
		left  string // straggler
	}{
		// Children are scored as they arrive. The level waits for child 2, which the straggler of its job is.
		"straggler": {func(m *mill) {
			m.job("", 1, 10, 20, grown{0, 60}, grown{1, 70}, grown{2, 300})
			m.score("0", 1, 65, 90)
			m.score("1", 1, 75, 310) // ends after child 2 arrived, and before its score does
			m.score("2", 1, 305, 330)
			m.job("2", 2, 340, 100, grown{0, 500}, grown{1, 480})
			m.score("2.0", 2, 500, 520)
			m.score("2.1", 2, 481, 510)
		}, 530, `
0-10 planner
10-30 queue 2
30-300 generate 2
300-305 planner
305-330 score 2
330-340 planner
340-440 queue 2.0
440-500 generate 2.0
500-520 score 2.0
520-530 planner
`, "child 2 of depth 1, 270ms of generate for 20 tokens (step); the median of all 3 of depth 1 is 40.0ms"},
		// The worker's clock is 35 ms ahead: the child arrives after its score began.
		"skew": {func(m *mill) {
			m.ahead["policy"] = 35
			m.job("", 1, 10, 20, grown{0, 60}, grown{1, 200})
			m.score("0", 1, 65, 90)
			m.score("1", 1, 205, 230)
		}, 240, `
0-10 planner
10-65 queue 1
65-205 generate 1
205-230 score 1
230-240 planner
`, "child 1 of depth 1, 170ms of generate for 10 tokens (step); the median of all 2 of depth 1 is 30.0ms"},
		// A job waits for the slots of another. The wait of the later one is on the path, not the work of the earlier.
		"queue": {func(m *mill) {
			m.job("", 1, 0, 0, grown{0, 400})
			m.job("", 1, 0, 400, grown{1, 700})
		}, 700, `
0-400 queue 1
400-700 generate 1
`, "child 1 of depth 1, 300ms of generate for 10 tokens (step); the median of all 2 of depth 1 is 300ms"},
		"nothing": {func(m *mill) { m.depth(1, 5) }, 50, "\n0-50 planner\n", ""},
		// What ends after the search, as a child that it did not wait for, ends with it.
		"beyond": {func(m *mill) {
			m.job("", 1, 10, 0, grown{0, 90}, grown{1, 500})
		}, 100, `
0-10 planner
10-100 generate 1
`, "child 1 of depth 1, 490ms of generate for 10 tokens (step); the median of all 2 of depth 1 is 80.0ms"},
	} {
		t.Run(name, func(t *testing.T) {
			m := newMill()
			c.write(m)
			f := traceOf(t, m.files(c.end)...)
			p := f.path(f.works())
			if diff := cmp.Diff("\n"+drawn(p), c.want); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			straggler := ""
			if p.Straggler != nil {
				straggler = p.Straggler.String()
			}
			if straggler != c.left {
				t.Errorf("straggler is %s, want %s", straggler, c.left)
			}
			partitions(t, p, f.search.Duration)
		})
	}
}

// partitions fails unless the segments of p follow each other from 0 to the end, and the phases have their time.
func partitions(t interface {
	Helper()
	Fatalf(string, ...any)
}, p *Path, total time.Duration) {
	t.Helper()
	var now, sum time.Duration
	for _, s := range p.Segments {
		if s.Start != now || s.Duration <= 0 {
			t.Fatalf("segment %+v begins at %v, want %v", s, s.Start, now)
		}
		now += s.Duration
	}
	share := 0.0
	for _, s := range p.Phases {
		sum += s.Duration
		share += s.Share
	}
	if now != total || sum != total || total > 0 && (share < .999 || share > 1.001) {
		t.Fatalf("segments end at %v and phases have %v (%.3f), want %v", now, sum, share, total)
	}
}

// The critical path of levels that wait for each other is the straggler of each: its queue, its generation, its score.
func TestCriticalPathOfLevels(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMill()
		now, want := int64(0), ""
		segment := func(phase, node string, from, to int64) {
			if to > from {
				want += strings.TrimRight(fmt.Sprintf("%d-%d %s %s", from, to, phase, node), " ") + "\n"
			}
		}
		gap := func(label string) {
			took := rapid.Int64Range(0, 20).Draw(t, label)
			segment("planner", "", now, now+took)
			now += took
		}
		parent, waiting := "", now
		for depth := 1; depth <= rapid.IntRange(1, 4).Draw(t, "depths"); depth++ {
			now = waiting
			took := rapid.Int64Range(1, 20).Draw(t, "planning")
			sent := now + took
			n := rapid.Int64Range(1, 5).Draw(t, "children")
			wait := rapid.Int64Range(0, 50).Draw(t, "wait")
			straggler := rapid.Int64Range(0, n-1).Draw(t, "straggler")
			last := sent + wait + rapid.Int64Range(100, 500).Draw(t, "generate")
			scored := last + rapid.Int64Range(1, 30).Draw(t, "transport")
			end := scored + rapid.Int64Range(100, 200).Draw(t, "score")
			var children []grown
			for ordinal := range n {
				arrives := last
				if ordinal != straggler {
					arrives = rapid.Int64Range(sent+wait+1, last-1).Draw(t, "arrives")
				}
				children = append(children, grown{ordinal, arrives})
				start := max(arrives, scored-50)
				if ordinal == straggler {
					m.score(childOf(parent, int(ordinal)), depth, scored, end)
				} else {
					m.score(childOf(parent, int(ordinal)), depth, start, rapid.Int64Range(start, end-1).Draw(t, "scored"))
				}
			}
			m.job(parent, depth, sent, wait, children...)
			segment("planner", "", now, sent)
			parent = childOf(parent, int(straggler))
			segment("queue", parent, sent, sent+wait)
			segment("generate", parent, sent+wait, last)
			segment("planner", "", last, scored)
			segment("score", parent, scored, end)
			waiting = end
		}
		now = waiting
		gap("choosing")
		f := traceOf(t, m.files(now)...)
		if got := drawn(f.path(f.works())); got != want {
			t.Fatalf("got -, want +:\n%s", cmp.Diff(got, want))
		}
	})
}

// Whatever the spans are, the segments of a critical path partition the time of the search.
func TestCriticalPathIsAPartition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := newMill()
		for _, process := range []string{"policy", "verifier"} {
			m.ahead[process] = rapid.Int64Range(-50, 50).Draw(t, "ahead")
		}
		node := rapid.SampledFrom([]string{"", "0", "1", "0.0", "0.1"})
		at := rapid.Int64Range(0, 300)
		for range rapid.IntRange(0, 20).Draw(t, "works") {
			depth, start, n := rapid.IntRange(0, 3).Draw(t, "depth"), at.Draw(t, "start"), node.Draw(t, "node")
			if rapid.Bool().Draw(t, "scores") {
				m.score(n, depth, start, start+at.Draw(t, "took"))
				continue
			}
			var children []grown
			for ordinal := range rapid.Int64Range(0, 3).Draw(t, "children") {
				children = append(children, grown{ordinal, start + at.Draw(t, "arrives")})
			}
			m.job(n, depth, start, at.Draw(t, "wait"), children...)
		}
		f := traceOf(t, m.files(at.Draw(t, "end"))...)
		partitions(t, f.path(f.works()), f.search.Duration)
	})
}

// The spans of a search are in the files of several processes. Without that of the workers, and without that of the
// planner, the rest is shown and the reader is told.
func TestSpansInSeveralFiles(t *testing.T) {
	write := func() []string {
		m := newMill()
		m.ahead["policy"] = -45
		m.job("", 1, 10, 20, grown{0, 60}, grown{1, 200})
		m.score("1", 1, 205, 230)
		return m.files(240)
	}
	show := func(texts ...string) string {
		var out bytes.Buffer
		if err := Show(&out, files(texts...), View{}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	all := write()
	together, joined := show(all...), show(strings.Join(all, ""))
	if got, want := strings.SplitN(together, "\n", 2)[1], strings.SplitN(joined, "\n", 2)[1]; got != want {
		t.Errorf("three files and one show different things:\n%s", cmp.Diff(got, want))
	}
	skewed := "Clocks differ: in policy, 1 span begins before the parent in planner, by up to 25.0ms.\n"
	if !strings.Contains(together, "1 search in 3 files of") || !strings.Contains(together, skewed) || strings.Contains(together, "missing") {
		t.Errorf("three files:\n%s", together)
	}
	ahead := newMill()
	ahead.ahead["policy"] = 35
	ahead.job("", 1, 10, 20, grown{0, 60}, grown{1, 200})
	ahead.score("0", 1, 65, 90)
	ahead.score("1", 1, 210, 230)
	late := "Clocks differ: in verifier, 2 scores begin before the child arrived in policy, by up to 30.0ms.\n"
	if got := show(ahead.files(240)...); !strings.Contains(got, late) || strings.Contains(got, "before the parent") {
		t.Errorf("with a clock that is ahead:\n%s", got)
	}
	const orphans = "of the search: their parents are in none of the files.\n"
	if got := show(all[0], all[2]); !strings.Contains(got, "Spans of workers are missing") || strings.Contains(got, orphans) {
		t.Errorf("without the policy's file:\n%s", got)
	}
	if got := show(all[1:]...); !strings.Contains(got, "The span of the search itself is missing") || !strings.Contains(got, "2 spans "+orphans) {
		t.Errorf("without the planner's file:\n%s", got)
	}
}

// Texts of a file, such as names of processes and nodes, cannot control a terminal.
func TestPathIsEscaped(t *testing.T) {
	const evil = "\x1b[2J\u202e\n"
	m := newMill()
	m.span("planner"+evil, "", m.depth(1, 90), names.SpanScore, 80, 90, attributes{names.Depth: 1, names.NodeID: evil})
	m.span("policy"+evil, "", m.depth(1, 90), names.SpanGenerate, 10, 70, attributes{names.Depth: 1, names.NodeID: evil, "failure": evil},
		Event{Name: names.EventChild, Time: 60, Attributes: attributes{names.ChildOrdinal: 0, names.ChildFinish: evil}})
	m.span("planner", "", "00000000000000ff", names.SpanSearch, 50, 100, attributes{names.Strategy: evil, names.State: evil})
	texts := []string{m.pens["planner"+evil].String(), m.pens["policy"+evil].String(), m.pens["planner"].String()}
	for _, view := range []View{{}, {List: true}, {JSON: true}} {
		var out bytes.Buffer
		if err := Show(&out, files(texts...), view); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(out.String(), "\x1b\u202e") && !view.JSON {
			t.Errorf("view %+v has control characters:\n%q", view, &out)
		}
		if !strings.Contains(out.String(), "2J") {
			t.Errorf("view %+v does not have the texts at all", view)
		}
	}
}
