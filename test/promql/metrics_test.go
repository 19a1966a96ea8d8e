// Package promql_test runs the queries of docs/operations.md with Prometheus' own engine, on scrapes of a mesh of five
// processes, and compares the answers with the spans of the same run.
package promql_test

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql"
)

// The database has the first scrape every 15 s for five minutes, in which the mesh was at rest, and then the second. A
// rate over five minutes then is what the counters have grown by, and is not extrapolated.
var (
	second = time.Unix(1_800_000_000, 0)
	first  = []time.Time{second.Add(-5*time.Minute + time.Millisecond)}
)

func init() {
	for at := second.Add(-5 * time.Minute); at.Before(second.Add(-15 * time.Second)); {
		at = at.Add(15 * time.Second)
		first = append(first, at)
	}
}

const openMetrics = "application/openmetrics-text; version=1.0.0"

// searches holds arguments of ponder solve. Each search generates and scores, at least to depth 3.
var searches = [][]string{
	{"--strategy", "beam", "--n", "8", "-m", "2"},
	{"--strategy", "dvts", "--n", "8", "-m", "2"},
	{"--strategy", "best-of-n", "--n", "24"},
	{"--strategy", "rebase", "--n", "8", "--estimate"},
}

// problems need several steps, and have a number.
var problems = []string{
	"Tom has %d apples. Tom finds 7 more. Tom gives 5 to Ann. Tom buys 9 more. How many apples does Tom have now?",
	"Ann has %d pens. Ann buys 4 more. Ann loses 3. Ann finds 8 more. How many pens does Ann have now?",
}

// load runs all searches of all problems with this number, concurrently, so that jobs wait for each other. With another
// number no result is in the memo, and no text in the verifier's cache.
func (m *mesh) load(t *testing.T, number int) {
	t.Helper()
	var running sync.WaitGroup
	for i, problem := range problems {
		for j, search := range searches {
			problem := fmt.Sprintf(problem, number+len(searches)*i+j) // searches do not share scores
			running.Go(func() {
				if ok, output := m.solve(t, append(slices.Clone(search), problem)...); !ok {
					t.Errorf("%v: %s", search, output)
				}
			})
		}
	}
	running.Wait()
}

// A run has the data of a run of the mesh.
type run struct {
	*database
	spans   []span            // of the searches between the scrapes
	scrapes map[string][]byte // OpenMetrics, by service
	text    map[string][]byte // Prometheus' text format
	types   map[string]string // of text
	refused int               // searches between the scrapes
}

// record runs searches, scrapes all services, runs others, and scrapes again. The first searches
// make the series: rate sees no increase in the first sample of a series.
func record(t *testing.T) *run {
	t.Helper()
	m := startMesh(t)
	r := &run{database: newDatabase(t), scrapes: map[string][]byte{}, text: map[string][]byte{}, types: map[string]string{}, refused: 3}
	refuse := func() {
		if ok, output := m.solve(t, "--policy", "nobody", "How many?"); ok {
			t.Errorf("a search with an unknown model is accepted: %s", output)
		}
	}
	refuse()
	m.load(t, 11)
	r.scrape(t, m, first...)
	began := time.Now()
	m.load(t, 51)
	for range r.refused {
		refuse()
	}
	r.scrape(t, m, second)
	for name, p := range m.processes {
		r.text[name], r.types[name] = p.scrape(t, "text/plain; version=0.0.4")
	}
	m.stop(t)
	r.spans = m.spans(t, began)
	return r
}

// scrape scrapes all services once none of them works: a worker ends its measurements after a search has its child.
func (r *run) scrape(t *testing.T, m *mesh, times ...time.Time) {
	t.Helper()
	counts := regexp.MustCompile(`(?m)^(ponder|gen_ai)_\w*_(count|total)\b[^#\n]*`)
	var before, last string
	for deadline := time.Now().Add(time.Minute); ; {
		var all []string
		for name, p := range m.processes {
			body, contentType := p.scrape(t, openMetrics)
			if !strings.HasPrefix(contentType, openMetrics) {
				t.Fatalf("%s: the scrape is %s", name, contentType)
			}
			r.scrapes[name] = body
			for _, line := range counts.FindAllString(string(body), -1) {
				if !strings.HasPrefix(line, "ponder_trace_spans_total") { // spans are exported every few seconds
					all = append(all, line)
				}
			}
		}
		slices.Sort(all)
		if now := strings.Join(all, "\n"); now == before {
			break
		} else if last, before = before, now; time.Now().After(deadline) {
			t.Fatalf("the mesh is never at rest:\n%s\n%s", before, last)
		}
	}
	for name, body := range r.scrapes {
		for _, at := range times {
			if samples, _ := r.add(t, name, body, openMetrics, at); samples < 30 {
				t.Errorf("%s has %d samples", name, samples)
			}
		}
	}
}

// A key is the labels of a phase.
type key struct{ phase, depth, strategy, model string }

// durations returns the seconds of all phases by the spans.
func (r *run) durations() map[key][]float64 {
	byID, strategies := map[string]span{}, map[string]string{}
	for _, s := range r.spans {
		byID[s.ID] = s
		if s.text("ponder.operation") == "search" {
			strategies[s.Trace] = s.text("ponder.search.strategy")
		}
	}
	strategy := func(of span) string {
		for s := of; s.ID != ""; s = byID[s.Parent] {
			if s.text("ponder.operation") == "estimate" {
				return "estimate"
			}
		}
		return strategies[of.Trace]
	}
	all := map[key][]float64{}
	for _, s := range r.spans {
		k := key{depth: strconv.Itoa(int(s.number("ponder.depth"))), strategy: strategy(s), model: s.text("gen_ai.response.model")}
		switch s.text("ponder.operation") {
		case "process":
			if s.number("ponder.job.attempt") == 1 {
				k.phase, k.model = "queue", "pocket-0.3m"
				all[k] = append(all[k], s.number("ponder.queue.wait"))
			}
		case "generate":
			k.phase = "generate"
			for _, e := range s.Events {
				if e.Name == "child" {
					seconds, _ := e.Attributes["ponder.child.seconds"].(float64)
					all[k] = append(all[k], seconds)
				}
			}
		case "score":
			k.phase = "score"
			all[k] = append(all[k], time.Duration(s.End-s.Start).Seconds())
		}
	}
	for _, d := range all {
		slices.Sort(d)
	}
	return all
}

// generated returns how many tokens the spans of a strategy's searches have.
func (r *run) generated(strategy string) (sum float64) {
	strategies := map[string]string{}
	for _, s := range r.spans {
		if s.text("ponder.operation") == "search" {
			strategies[s.Trace] = s.text("ponder.search.strategy")
		}
	}
	for _, s := range r.spans {
		if s.text("ponder.operation") == "generate" && strategies[s.Trace] == strategy {
			sum += s.number("gen_ai.usage.output_tokens")
		}
	}
	return sum
}

func keyOf(l labels.Labels) key {
	return key{l.Get("phase"), l.Get("depth"), l.Get("strategy"), l.Get("model")}
}

func TestMetrics(t *testing.T) {
	r := record(t)
	t.Run("buckets are those of the spans", r.checkBuckets)
	t.Run("p95 is that of the spans", r.checkP95)
	t.Run("queries of an operator", r.checkQueries)
	t.Run("parsers accept the scrapes", r.checkParsers)
	t.Run("metrics are documented", r.checkTable)
}

// Each bucket of each phase has grown by as many observations as spans have durations that it holds. The negative control:
// without one of the durations some bucket has not.
func (r *run) checkBuckets(t *testing.T) {
	const expression = `ponder_phase_duration_seconds_bucket - (ponder_phase_duration_seconds_bucket offset 1m or ponder_phase_duration_seconds_bucket * 0)`
	grown, want := r.query(t, expression, second), r.durations()
	for _, difference := range differences(t, grown, want) {
		t.Error(difference)
	}
	observations := 0
	for _, d := range want {
		observations += len(d)
	}
	for _, phase := range []string{"queue", "generate", "score"} {
		for _, strategy := range []string{"beam", "dvts", "rebase"} {
			some := slices.ContainsFunc(slices.Collect(maps.Keys(want)), func(k key) bool {
				return k.phase == phase && k.strategy == strategy && k.depth == "3"
			})
			if !some {
				t.Errorf("%s of %s has nothing at depth 3: the comparison is of nothing", phase, strategy)
			}
		}
	}
	for k, d := range want {
		want[k] = d[1:]
		if len(differences(t, grown, want)) == 0 {
			t.Errorf("without a duration of %+v the buckets are still those of the spans", k)
		}
		want[k] = d
	}
	t.Logf("%d buckets, %d observations, equal", len(grown), observations)
}

// differences says which buckets have not grown by the number of durations that they hold.
func differences(t *testing.T, grown promql.Vector, want map[key][]float64) (all []string) {
	t.Helper()
	seen := map[key]bool{}
	for _, s := range grown {
		le, err := strconv.ParseFloat(s.Metric.Get("le"), 64)
		if err != nil {
			t.Fatal(err)
		}
		k := keyOf(s.Metric)
		seen[k] = true
		n, _ := slices.BinarySearchFunc(want[k], le, func(d, le float64) int { // the first that is greater
			if d > le {
				return 1
			}
			return -1
		})
		if s.F != float64(n) {
			all = append(all, fmt.Sprintf("%+v up to %v s: grown by %v, the spans have %d", k, le, s.F, n))
		}
	}
	for k, d := range want {
		if !seen[k] && len(d) > 0 {
			all = append(all, fmt.Sprintf("%+v: %d durations of spans are in no bucket", k, len(d)))
		}
	}
	return all
}

// The query in the document answers, for each phase, strategy and model, a p95 in the bucket that the 95th of a hundred
// durations of the spans is in.
func (r *run) checkP95(t *testing.T) {
	blocks := regexp.MustCompile("(?s)```promql\n(.*?)```").FindAllStringSubmatch(document(t), -1)
	if len(blocks) != 1 {
		t.Fatalf("the document has %d blocks of PromQL, want the query for p95", len(blocks))
	}
	answers := r.query(t, blocks[0][1], second)
	bounds := r.bounds(t)
	answered := map[key]bool{}
	for _, s := range answers {
		k := keyOf(s.Metric)
		k.depth = "3"
		answered[k] = true
		d := r.durations()[k]
		if len(d) == 0 {
			t.Errorf("%+v: p95 is %v, without a span", k, s.F)
			continue
		}
		rank := 0.95 * float64(len(d))
		fits := false
		for _, r := range []float64{math.Ceil(rank - 1e-9), math.Floor(rank+1e-9) + 1} { // rates are not exact, if rank is whole
			p95 := d[min(int(r), len(d))-1]
			i, _ := slices.BinarySearch(bounds, p95)
			lower := 0.0
			if i > 0 {
				lower = bounds[i-1]
			}
			fits = fits || s.F >= lower && s.F <= bounds[i]
		}
		if !fits {
			t.Errorf("%+v: p95 is %v s, which is not in the bucket of that of %d spans: %v", k, s.F, len(d), d)
		}
		t.Logf("%+v: p95 %.4f s by the query, %.4f s by %d spans", k, s.F, d[int(math.Ceil(rank))-1], len(d))
	}
	for k := range r.durations() {
		if k.depth == "3" && !answered[k] {
			t.Errorf("no answer for %+v", k)
		}
	}
	if len(answers) < 9 {
		t.Errorf("%d answers, want three phases of three strategies", len(answers))
	}
}

// bounds returns the finite upper bounds of buckets, and infinity.
func (r *run) bounds(t *testing.T) (all []float64) {
	for _, s := range r.query(t, `count by (le) (ponder_phase_duration_seconds_bucket)`, second) {
		le, err := strconv.ParseFloat(s.Metric.Get("le"), 64)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, le)
	}
	slices.Sort(all)
	return all
}

// Each query of the document's table has an answer, in its range, and its alert can be evaluated. Counters have grown by
// what is known of the run.
func (r *run) checkQueries(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| ([^|]+) \\| `([^`]+)` \\| ?([^|]*?) ?\\|$")
	_, table, _ := strings.Cut(document(t), "| to see | query | alert |\n")
	table, _, _ = strings.Cut(table, "\n\n")
	found := row.FindAllStringSubmatch(table, -1)
	if lines := strings.Count(table, "\n") + 1; len(found) != lines-1 || len(found) < 8 {
		t.Fatalf("%d queries in %d lines", len(found), lines)
	}
	exact := map[string]float64{
		"oldest progress": 0, "slots busy": 0, "jobs that wait for a slot": 0, "share of searches that fail": 0,
		"refused a second":           float64(r.refused) / 300,
		"searches a second that end": float64(len(problems)*len(searches)) / 300,
	}
	for _, c := range []struct {
		counter string
		want    float64
	}{
		{`ponder_searches_refused_total{reason="invalid"}`, float64(r.refused)},
		{`ponder_searches_total{state="succeeded"}`, float64(len(problems) * len(searches))},
		{`ponder_tokens_total{service="policy",kind="generated",strategy="beam"}`, r.generated("beam")},
		{`ponder_tokens_total{service="policy",kind="generated",strategy="best-of-n"}`, r.generated("best-of-n")},
	} {
		grown := r.query(t, fmt.Sprintf("sum(%[1]s) - (sum(%[1]s offset 1m) or vector(0))", c.counter), second)
		if len(grown) != 1 || grown[0].F != c.want || c.want == 0 {
			t.Errorf("%s has grown by %v, want %v", c.counter, grown, c.want)
		}
	}
	for _, f := range found {
		name, query, alert := f[1], strings.ReplaceAll(f[2], `\|`, "|"), strings.Trim(f[3], " `")
		answer := r.query(t, query, second)
		var sum float64
		for _, s := range answer {
			sum += s.F
			if math.IsInf(s.F, 0) || s.F < 0 || strings.Contains(name, "share") && s.F > 1 {
				t.Errorf("%s: %v is %v", name, s.Metric, s.F)
			}
		}
		if len(answer) == 0 {
			t.Errorf("%s: no answer: %s", name, query)
		}
		if want, ok := exact[name]; ok && math.Abs(sum-want) > 1e-4*want {
			t.Errorf("%s: %v, want %v", name, sum, want)
		}
		delete(exact, name)
		if alert != "" {
			if firing := r.query(t, "("+query+") "+alert, second); len(firing) > 0 && name != "refused a second" {
				t.Errorf("%s: a mesh at rest alerts: %v", name, firing)
			}
		}
		t.Logf("%s: %v", name, answer)
	}
	if len(r.query(t, `ponder_build_info{version="v9.9.9",revision="c0ffee",goversion=~"go1.+"} == 1`, second)) != 4 {
		t.Error("not all four services have the version and the commit that they were built with")
	}
	for name := range exact {
		t.Errorf("the document has no query for %q", name)
	}
}

// Prometheus' parsers accept what each service serves, in both formats, and find exemplars; the reference parser of
// OpenMetrics, which is strict about the order and the names of metrics, accepts it, too.
func (r *run) checkParsers(t *testing.T) {
	exemplars := 0
	for name, body := range r.scrapes {
		n, e, err := parse(body, openMetrics, func(labels.Labels, float64) error { return nil })
		exemplars += e
		if err != nil || n == 0 {
			t.Errorf("%s: %d samples, %v", name, n, err)
		}
		if err := reference(t, body); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if n, _, err := parse(r.text[name], r.types[name], func(labels.Labels, float64) error { return nil }); err != nil || n == 0 {
			t.Errorf("%s as %s: %d samples, %v", name, r.types[name], n, err)
		}
		if !strings.HasPrefix(r.types[name], "text/plain; version=0.0.4") {
			t.Errorf("%s: the text format is %s", name, r.types[name])
		}
	}
	if exemplars == 0 {
		t.Error("no exemplar")
	}
	t.Logf("%d exemplars", exemplars)
	// The negative control: metrics of one name and two types.
	bad := "# TYPE a gauge\na 1\n# TYPE b gauge\nb 1\n# TYPE a counter\na_total 1\n# EOF\n"
	if err := reference(t, []byte(bad)); err == nil {
		t.Error("the reference parser accepts a name with two types")
	}
}

// reference parses a scrape with the reference parser of OpenMetrics.
func reference(t *testing.T, body []byte) error {
	t.Helper()
	python := cmp.Or(os.Getenv("PYTHON"), filepath.Join(root, ".venv", "bin", "python"))
	cmd := exec.Command(python, "-c", "import sys\nfrom prometheus_client.openmetrics.parser import text_fd_to_metric_families\n"+
		"print(sum(len(f.samples) for f in text_fd_to_metric_families(sys.stdin)))")
	cmd.Stdin = bytes.NewReader(body)
	if out, err := cmd.CombinedOutput(); err != nil {
		lines := strings.Split(strings.TrimSpace(string(out)), "\n")
		return fmt.Errorf("%w: %s", err, lines[len(lines)-1])
	}
	return nil
}

// The services together expose the metrics in the document's table, with its labels, and no others of Ponder.
func (r *run) checkTable(t *testing.T) {
	row := regexp.MustCompile("(?m)^\\| `([a-z_]+)` \\| (counter|gauge|histogram) \\| ([^|]*) \\|")
	documented, seen := map[string][]string{}, map[string]bool{}
	for _, m := range row.FindAllStringSubmatch(document(t), -1) {
		documented[m[1]] = append(strings.Fields(strings.ReplaceAll(m[3], "`", "")), "job")
	}
	of := regexp.MustCompile(`_(bucket|count|sum)$`)
	for _, s := range r.query(t, `{__name__=~"(ponder|gen_ai)_.+"}`, second) {
		name := s.Metric.Get("__name__")
		known, ok := documented[name]
		if !ok {
			name = of.ReplaceAllString(name, "")
			known, ok = documented[name]
		}
		if !ok {
			t.Errorf("%s is not documented", name)
			continue
		}
		seen[name] = true
		s.Metric.Range(func(l labels.Label) {
			if l.Name != "__name__" && l.Name != "le" && !slices.Contains(known, l.Name) {
				t.Errorf("%s has the label %s, which is not documented", name, l.Name)
			}
		})
	}
	absent := map[string]bool{ // without the events that they count
		"ponder_phase_failures_total": true, "ponder_tokens_wasted_total": true,
	}
	for name := range documented {
		if !seen[name] && !absent[name] {
			t.Errorf("%s is documented, and no service has it", name)
		}
	}
	for _, name := range []string{"target_info", "go_goroutines", "process_open_fds", "rpc_server_call_duration_seconds_count"} {
		if len(r.query(t, name, second)) == 0 {
			t.Errorf("no service has %s", name)
		}
	}
}

// document returns the text of docs/operations.md.
func document(t *testing.T) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
