package tracefile

import (
	"io"
	"math/rand/v2"
	"slices"
	"time"
)

// probeSuffix is appended to the id of a search in the spans of its difficulty.Probe.
const probeSuffix = "-probe"

// A Summary holds the searches of a trace file and their durations by depth.
type Summary struct {
	Tally
	Unlisted int      `json:"unlisted,omitempty"` // spans of searches that were too many to be listed
	Searches []Search `json:"searches"`           // in order of their start
	Depths   []Depth  `json:"depths"`             // shallowest first, after the difficulty probe's samples, if there were any
	All      Depth    `json:"all"`                // all depths together
}

// A Search is one search of a file.
type Search struct {
	ID       string        `json:"id"`
	Trace    string        `json:"trace"`
	Strategy string        `json:"strategy,omitempty"`
	State    string        `json:"state"` // "unfinished" if its own span is not in the file
	Start    time.Time     `json:"start"`
	Duration time.Duration `json:"duration_ns"`
	Spans    int           `json:"spans"`
	Elided   int           `json:"elided"` // calls that left no spans, as the search's span budget was spent
	Depths   int           `json:"depths"`

	end       time.Time
	whole     bool       // the span of the search itself was read
	estimated int64      // end of the difficulty estimate, in nanoseconds since 1970; 0: none
	first     []duration // of the first depth or the probe
}

// A Depth is the work on the nodes of one depth. Durations are in nanoseconds.
type Depth struct {
	Name     string   `json:"name"`
	Width    int      `json:"width"`    // children requested
	Queue    Quantity `json:"queue"`    // how long jobs waited for a worker
	Generate Quantity `json:"generate"` // how long expansions took
	Score    Quantity `json:"score"`    // how long scoring a path took
	Barrier  Quantity `json:"barrier"`  // from a search's first request for the depth to its last result
}

// A Quantity is the distribution of some durations. Of more than 65536, the quantiles are those of a random sample.
type Quantity struct {
	Count int           `json:"count"`
	P50   time.Duration `json:"p50_ns"`
	P95   time.Duration `json:"p95_ns"`
	Total time.Duration `json:"total_ns"`

	all    []time.Duration // at most maxSample of them
	chance *rand.Rand      // that chooses them; nil while all have all
}

// maxSample is the number of durations that a Quantity holds. A quantile of a sample of 65536 is that of all within 0.4
// % of rank, in 19 of 20 cases.
const maxSample = 1 << 16

// add adds a duration. It keeps a uniform sample of all (reservoir sampling; Vitter, 1985, algorithm R).
func (q *Quantity) add(d time.Duration) {
	q.Count++
	q.Total += d
	if len(q.all) < maxSample {
		q.all = append(q.all, d)
		return
	}
	if q.chance == nil {
		q.chance = rand.New(rand.NewPCG(1, 1))
	}
	if i := q.chance.IntN(q.Count); i < maxSample {
		q.all[i] = d
	}
}

// finish computes the quantiles by nearest rank: each is a duration that occurred.
func (q *Quantity) finish() {
	slices.Sort(q.all)
	if n := len(q.all); n > 0 {
		q.P50, q.P95 = q.all[(n*50+99)/100-1], q.all[(n*95+99)/100-1]
	}
}

// Summarize reads spans. If only is not empty, it reads only the search with that id
// or trace id.
func Summarize(r io.Reader, only string) (*Summary, error) {
	return summarize([]Source{{Name: "spans", Open: func() (io.ReadCloser, error) { return io.NopCloser(r), nil }}}, only)
}

// summarize reads the spans of all sources, as Summarize does.
func summarize(sources []Source, only string) (*Summary, error) {
	c := collector{searches: map[searchKey]*Search{}, depths: map[int]*Depth{}, all: Depth{Name: "all"}}
	tally, err := readAll(sources, func(s *Span) {
		key := keyOf(s)
		if key.id != "" && (only == "" || only == key.id || only == key.trace) {
			c.add(s, key)
		}
	})
	if err != nil {
		return nil, err
	}
	return c.summary(tally), nil
}
