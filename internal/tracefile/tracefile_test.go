package tracefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

var update = flag.Bool("update", false, "write the golden files anew")

// A pen writes spans in the order of their ends.
type pen struct {
	bytes.Buffer
	trace   string
	next    int
	epoch   int64
	service string  // "": test
	events  []Event // of the next span
}

const millisecond = int64(time.Millisecond)

// span writes one that lasts from start to end, in milliseconds, and returns its id.
// Parents are named before they are written: spans end before them.
func (p *pen) span(id, parent, name string, start, end int64, attributes map[string]any) string {
	if id == "" {
		id = p.id()
	}
	s := Span{Trace: p.trace, ID: id, Parent: parent, Name: name, Kind: "internal", Service: "test",
		Start: p.epoch + start*millisecond, End: p.epoch + end*millisecond, Attributes: attributes, Events: p.events}
	p.events = nil
	if p.service != "" {
		s.Service = p.service
	}
	if failure, ok := attributes["failure"].(string); ok {
		s.Status, s.Message = "error", failure
	}
	line, err := json.Marshal(s)
	if err != nil {
		panic(err)
	}
	p.Write(append(line, '\n'))
	return id
}

func (p *pen) id() string {
	p.next++
	return fmt.Sprintf("%016x", p.next)
}

type attributes = map[string]any

// sample returns a file of two searches: a beam with a probe, a straggler, a failure
// and an elided call; and a search whose own span is missing.
func sample() string {
	p := &pen{trace: strings.Repeat("a", 32), epoch: time.Date(2026, 11, 22, 4, 30, 0, 0, time.UTC).UnixNano()}
	root, estimate := p.id(), p.id()
	of := func(depth int, more attributes) attributes {
		all := attributes{names.SearchID: "01BEAM", names.Depth: depth}
		for k, v := range more {
			all[k] = v
		}
		return all
	}
	p.span("", estimate, names.SpanGenerate, 10, 900, of(1, attributes{
		names.NodeID: "", names.SearchID: "01BEAM" + probeSuffix,
	}))
	p.span("", estimate, names.SpanScore, 900, 950, of(1, attributes{names.NodeID: "0"}))
	p.span(estimate, root, names.SpanEstimate, 0, 960, attributes{names.SearchID: "01BEAM"})
	p.WriteString("a log line that went astray\n\n[1,2]\n{\"level\":\"info\"}\n")
	for depth := 1; depth <= 3; depth++ {
		level := p.id()
		start := 1000 * int64(depth)
		last := start
		for i := range int64(depth + 1) {
			process, send := p.id(), p.id()
			wait := 50 * i
			took := 200 + 10*i
			if depth == 2 && i == 2 {
				took = 790 // the straggler
			}
			more := attributes{names.NodeID: strings.TrimSuffix(strings.Repeat(fmt.Sprint(i, "."), depth-1), ".")}
			if depth == 3 && i == 1 {
				more["failure"] = "overloaded\x1b[2J"
			}
			p.span("", process, names.SpanGenerate, start+wait, start+wait+took, of(depth, more))
			p.span(process, send, names.SpanProcess, start+wait, start+wait+took,
				of(depth, attributes{names.QueueWait: float64(wait) / 1000}))
			p.span(send, level, names.SpanSend, start, start+1, of(depth, nil))
			p.span("", level, names.SpanScore, start+wait+took, start+wait+took+30,
				of(depth, attributes{names.NodeID: fmt.Sprint(i)}))
			last = max(last, start+wait+took+30)
		}
		p.span(level, root, names.SpanDepth+" "+fmt.Sprint(depth), start, last,
			of(depth, attributes{names.Width: 2 * (depth + 1)}))
	}
	p.span(root, "00000000000000ff", names.SpanSearch, 0, 4000, attributes{
		names.SearchID: "01BEAM", names.Strategy: "beam", names.State: "succeeded", names.CallsElided: 3,
	})
	p.span("", root, "/ponder.planner.v1.PlannerService/Solve", 0, 4001, nil)

	p.trace = strings.Repeat("b", 32)
	p.epoch += int64(time.Minute)
	p.span("", "", names.SpanGenerate, 0, 1500, attributes{names.SearchID: "02DIED", names.Depth: 1})
	p.WriteString(`{"trace":"bbbb`)
	return p.String()
}

func file(text string) []Source { return files(text) }

func files(texts ...string) (sources []Source) {
	for i, text := range texts {
		sources = append(sources, Source{fmt.Sprint("file", i), func() (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader(text)), nil
		}})
	}
	return sources
}

func TestShow(t *testing.T) {
	for name, view := range map[string]View{
		"all.txt":     {},
		"list.txt":    {List: true},
		"one.txt":     {Search: "02DIED"},
		"narrow.txt":  {Search: strings.Repeat("a", 32), Width: 60, Rows: 12},
		"program.txt": {JSON: true, Search: "01BEAM"},
	} {
		t.Run(name, func(t *testing.T) {
			var got bytes.Buffer
			if err := Show(&got, file(sample()), view); err != nil {
				t.Fatal(err)
			}
			if view.JSON {
				if lines := bytes.Count(got.Bytes(), []byte("\n")); lines != 1 {
					t.Errorf("JSON has %d lines, want 1", lines)
				}
				var indented bytes.Buffer
				if err := json.Indent(&indented, got.Bytes(), "", "  "); err != nil {
					t.Fatal(err)
				}
				got = indented
			}
			golden := filepath.Join("testdata", name)
			if *update {
				if err := os.WriteFile(golden, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(got.String(), string(want)); diff != "" {
				t.Errorf("got -, want +:\n%s", diff)
			}
			if strings.Contains(got.String(), "\x1b") {
				t.Error("text of the file has control characters")
			}
			for line := range strings.Lines(got.String()) {
				width, most := len([]rune(line)), view.Width+1+len(` overloaded\x1b[2J`)
				if view.Width > 0 && strings.ContainsAny(line, "─█") && width > most {
					t.Errorf("a line has %d columns, want at most %d: %s", width, view.Width, line)
				}
			}
		})
	}
}

func TestShowNamesWhatIsMissing(t *testing.T) {
	for text, view := range map[string]View{
		"":            {},
		"no span\n{}": {},
		sample():      {Search: "03NONE"},
	} {
		if err := Show(io.Discard, file(text), view); !errors.Is(err, ErrNoSearch) {
			t.Errorf("error %v, want %v", err, ErrNoSearch)
		}
	}
	closed := errors.New("closed")
	if err := Show(io.Discard, []Source{{"x", func() (io.ReadCloser, error) { return nil, closed }}}, View{}); !errors.Is(err, closed) {
		t.Errorf("error %v, want %v", err, closed)
	}
}

// Services write when their queues are full, not in order.
func TestOrderDoesNotMatter(t *testing.T) {
	lines := strings.SplitAfter(strings.TrimSuffix(sample(), `{"trace":"bbbb`), "\n")
	show := func() string {
		var out bytes.Buffer
		if err := Show(&out, file(strings.Join(lines, "")), View{JSON: true}); err != nil {
			t.Fatal(err)
		}
		return out.String()
	}
	want := show()
	chance := rand.New(rand.NewPCG(1, 2))
	for range 20 {
		chance.Shuffle(len(lines), func(i, j int) { lines[i], lines[j] = lines[j], lines[i] })
		if diff := cmp.Diff(show(), want); diff != "" {
			t.Fatalf("got -, want +:\n%s", diff)
		}
	}
}

func TestReadSkipsLongLines(t *testing.T) {
	span := `{"trace":"t","span":"s","name":"n","start":1,"end":2}` + "\n"
	long := `{"trace":"t","span":"s","name":"` + strings.Repeat("x", MaxLine) + `","start":1,"end":2}` + "\n"
	got, err := Read(strings.NewReader(span+long+span), func(*Span) {})
	if want := (Tally{Files: 1, Spans: 2, Foreign: 1}); got != want || err != nil {
		t.Errorf("tally %+v, %v, want %+v", got, err, want)
	}
	broken := io.MultiReader(strings.NewReader(span), brokenReader{})
	if _, err := Read(broken, func(*Span) {}); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("error %v, want the reader's", err)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, os.ErrDeadlineExceeded }

func TestQuantilesOccurred(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var q Quantity
		for _, d := range rapid.SliceOfN(rapid.Int64Range(0, 1000), 1, 200).Draw(t, "durations") {
			q.add(time.Duration(d))
		}
		q.finish()
		for share, p := range map[int]time.Duration{50: q.P50, 95: q.P95} {
			if !slices.Contains(q.all, p) {
				t.Fatalf("p%d is %d, which did not occur", share, p)
			}
			below, within := 0, 0
			for _, d := range q.all {
				if d < p {
					below++
				}
				if d <= p {
					within++
				}
			}
			if within*100 < share*len(q.all) || below*100 >= share*len(q.all) {
				t.Fatalf("p%d is %d: %d of %d are below it and %d within", share, p, below, len(q.all), within)
			}
		}
	})
}

func TestShort(t *testing.T) {
	for d, want := range map[time.Duration]string{
		0: "0ns", 999: "999ns", 1500: "1.50µs", 12345 * time.Microsecond: "12.3ms", 123 * time.Millisecond: "123ms",
		960 * time.Millisecond: "960ms", time.Second: "1.00s", 95 * time.Second: "95.0s", 11 * time.Minute: "11m0s",
	} {
		if got := short(d); got != want {
			t.Errorf("short(%d) is %s, want %s", d, got, want)
		}
	}
}

func FuzzShow(f *testing.F) {
	f.Add([]byte(`{"trace":"t","span":"s","name":"search","start":1,"end":9,"attributes":{"ponder.search.id":"x"}}
{"trace":"t","span":"r","parent":"s","name":"generate","start":2,"end":3,"attributes":{"ponder.search.id":"x","ponder.depth":1,"ponder.queue.wait":0.5}}`), 80, 10)
	f.Add([]byte(`{"trace":"t","span":"s","parent":"s","name":"search","start":1,"end":9223372036854775807,"attributes":{"ponder.search.id":"x","ponder.depth":-1e300,"ponder.queue.wait":1e300}}`), -1, -1)
	f.Fuzz(func(t *testing.T, text []byte, width, rows int) {
		lines := 0
		for line := range bytes.Lines(text) {
			if len(bytes.TrimSpace(line)) > 0 {
				lines++
			}
		}
		tally, err := Read(bytes.NewReader(text), func(*Span) {})
		counted := tally.Spans + tally.Foreign
		if tally.Cut {
			counted++
		}
		if errors.Is(err, ErrCompressed) {
			return
		}
		if err != nil || !bytes.Contains(text, []byte("resourceSpans")) && (counted < lines || counted > lines+1) {
			t.Fatalf("tally %+v of %d lines: %v", tally, lines, err)
		}
		for _, view := range []View{{Width: min(width, 500), Rows: rows}, {List: true}, {JSON: true}} {
			if err := Show(io.Discard, file(string(text)), view); err != nil && !errors.Is(err, ErrNoSearch) {
				t.Fatal(err)
			}
		}
	})
}

// Of very many durations the quantiles are nearly those of all.
func TestQuantilesOfASample(t *testing.T) {
	var q Quantity
	const n = 1 << 20
	for i := range n {
		q.add(time.Duration(i * 7919 % n))
	}
	q.finish()
	if q.Count != n || q.Total != n*(n-1)/2 || len(q.all) != maxSample {
		t.Errorf("count %d, total %d, %d kept", q.Count, q.Total, len(q.all))
	}
	for want, got := range map[float64]time.Duration{.5: q.P50, .95: q.P95} {
		if rank := float64(got) / n; rank < want-.01 || rank > want+.01 {
			t.Errorf("quantile %v has rank %v", want, rank)
		}
	}
}

// What a summary holds does not grow with the number of searches, depths and durations.
func TestSummaryIsBounded(t *testing.T) {
	oldSearches, oldPending := maxSearches, maxPending
	maxSearches, maxPending = 10, 20
	defer func() { maxSearches, maxPending = oldSearches, oldPending }()
	var text strings.Builder
	for i := range 1000 {
		fmt.Fprintf(&text, `{"trace":"t%d","span":"s","name":"score","start":1,"end":9,"attributes":{"ponder.search.id":"%d","ponder.depth":%d}}`+"\n",
			i, i, i%2*i)
		fmt.Fprintf(&text, `{"trace":"t%d","span":"r","name":"generate","start":1,"end":9,"attributes":{"ponder.search.id":"x","ponder.depth":1}}`+"\n", i%5)
	}
	s, err := Summarize(strings.NewReader(text.String()), "")
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Searches) != 10 || len(s.Depths) > maxDepth+2 || s.Unlisted != 995 || s.All.Score.Count != 1000 || s.All.Generate.Count != 1000 {
		t.Errorf("%d searches, %d depths, %d spans unlisted, %d scores, %d generations",
			len(s.Searches), len(s.Depths), s.Unlisted, s.All.Score.Count, s.All.Generate.Count)
	}
	if last := s.Depths[len(s.Depths)-1].Name; last != "256+" {
		t.Errorf("the last depth is %s", last)
	}
}
