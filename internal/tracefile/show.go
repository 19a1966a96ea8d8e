package tracefile

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
)

// A View selects what Show writes of the spans.
type View struct {
	Search string // only this search, by its id or that of its trace; "": all, and the trace of the longest
	List   bool   // only the list of searches
	JSON   bool   // everything, for programs, on one line
	Width  int    // columns of the timeline; 0 is 100
	Rows   int    // of the timeline, and of the critical path; 0 is 40
}

// ErrNoSearch is the error of files without searches, or without the one in View.Search.
var ErrNoSearch = errors.New("no such search")

// A Trace is what Show writes of one search.
type Trace struct {
	Timeline *Timeline `json:"timeline"`
	Path     *Path     `json:"critical_path"`
	Skews    []Skew    `json:"skews,omitempty"`   // processes whose clocks differ
	Orphans  int       `json:"orphans,omitempty"` // spans of the search whose parents are in none of the files
	Omitted  int       `json:"omitted,omitempty"` // spans of the trace that were too many to be held
}

// Show writes a view of the spans of all sources. It reads them once to find the search to show and, unless only the
// list is requested, again for the spans of that search.
func Show(w io.Writer, sources []Source, v View) error {
	summary, err := summarize(sources, v.Search)
	if err != nil {
		return err
	}
	if len(summary.Searches) == 0 {
		if v.Search != "" {
			return fmt.Errorf("%w: %q", ErrNoSearch, v.Search)
		}
		return fmt.Errorf("%w: there are %d spans outside searches, and %d lines that are not spans",
			ErrNoSearch, summary.Spans, summary.Foreign)
	}
	if v.List && !v.JSON {
		return summary.WriteSearches(w)
	}
	longest := slices.MaxFunc(summary.Searches, func(a, b Search) int { return cmp.Compare(a.Duration, b.Duration) })
	f, err := readForest(sources, longest)
	if err != nil {
		return err
	}
	works := f.works()
	trace := Trace{Timeline: f.timeline(), Skews: f.skews(works), Path: f.path(works), Orphans: f.orphans(), Omitted: f.omitted}
	if v.JSON {
		return json.NewEncoder(w).Encode(struct {
			*Summary
			Trace
		}{summary, trace})
	}
	var out strings.Builder
	out.WriteString(summary.heading() + "\n\n")
	for _, write := range []func(io.Writer) error{
		summary.WriteDepths, newline,
		func(w io.Writer) error { return trace.Timeline.Write(w, cmp.Or(v.Width, 100), cmp.Or(v.Rows, 40)) }, newline,
		func(w io.Writer) error { return trace.Path.Write(w, cmp.Or(v.Rows, 40)) },
	} {
		if err := write(&out); err != nil {
			return err
		}
	}
	for _, remark := range append(trace.remarks(), summary.missing(longest)...) {
		fmt.Fprintln(&out, remark)
	}
	_, err = io.WriteString(w, out.String())
	return err
}

func newline(w io.Writer) error {
	_, err := io.WriteString(w, "\n")
	return err
}

// heading returns the counts of the files.
func (s *Summary) heading() string {
	what := count(len(s.Searches), "search", "searches")
	if s.Files == 1 {
		what += fmt.Sprintf(" in a file of %d spans", s.Spans)
	} else {
		what += fmt.Sprintf(" in %d files of %d spans", s.Files, s.Spans)
	}
	if s.Unlisted > 0 {
		what += fmt.Sprintf(", %d of searches that are too many to be listed", s.Unlisted)
	}
	if s.Foreign > 0 {
		what += fmt.Sprintf(", %d lines that are not spans", s.Foreign)
	}
	if s.Cut {
		what += ", the last line is cut off"
	}
	return what
}

// missing returns what the table lacks because spans are in other files.
func (s *Summary) missing(search Search) (remarks []string) {
	if !search.whole {
		remarks = append(remarks,
			"The span of the search itself is missing: the planner writes it to its file when the search ends.")
	}
	if s.All.Barrier.Count > 0 && s.All.Generate.Count == 0 {
		remarks = append(remarks, "Spans of workers are missing: add the files of the policy's processes for queue wait and generate.")
	}
	return remarks
}

// remarks returns what a reader of the trace has to know.
func (t *Trace) remarks() (remarks []string) {
	if t.Orphans > 0 {
		remarks = append(remarks, fmt.Sprintf("%s of the search: their parents are in none of the files.", count(t.Orphans, "span", "spans")))
	}
	if t.Omitted > 0 {
		remarks = append(remarks, fmt.Sprintf("The trace has %d more spans, which are in the table only.", t.Omitted))
	}
	for _, s := range t.Skews {
		remarks = append(remarks, s.String())
	}
	return remarks
}

// count returns a number with its noun.
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}
