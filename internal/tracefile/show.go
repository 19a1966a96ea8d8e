package tracefile

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
)

// A View selects what Show writes of a trace file.
type View struct {
	Search string // only this search, by its id or that of its trace; "": all, and the timeline of the longest
	List   bool   // only the list of searches
	JSON   bool   // everything, for programs
	Width  int    // columns of the timeline; 0 is 100
	Rows   int    // of the timeline; 0 is 40
}

// ErrNoSearch is the error of a file without searches, or without the one in View.Search.
var ErrNoSearch = errors.New("no such search in the trace file")

// Show writes a view of a trace file. It reads the file once to find the search to show and,
// unless only the list is requested, again for the spans of that search.
func Show(w io.Writer, open func() (io.ReadCloser, error), v View) error {
	summary, err := reading(open, func(r io.Reader) (*Summary, error) { return Summarize(r, v.Search) })
	if err != nil {
		return err
	}
	if len(summary.Searches) == 0 {
		if v.Search != "" {
			return fmt.Errorf("%w: %q", ErrNoSearch, v.Search)
		}
		return fmt.Errorf("%w: it has %d spans outside searches and %d lines that are not spans",
			ErrNoSearch, summary.Spans, summary.Foreign)
	}
	if v.List && !v.JSON {
		return summary.WriteSearches(w)
	}
	longest := slices.MaxFunc(summary.Searches, func(a, b Search) int { return cmp.Compare(a.Duration, b.Duration) })
	timeline, err := reading(open, func(r io.Reader) (*Timeline, error) { return ReadTimeline(r, longest) })
	if err != nil {
		return err
	}
	if v.JSON {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(struct {
			*Summary
			Timeline *Timeline `json:"timeline"`
		}{summary, timeline})
	}
	if err := summary.write(w); err != nil {
		return err
	}
	return timeline.Write(w, cmp.Or(v.Width, 100), cmp.Or(v.Rows, 40))
}

// write writes the counts of the file and the table of depths.
func (s *Summary) write(w io.Writer) error {
	what := "1 search"
	if n := len(s.Searches); n > 1 {
		what = fmt.Sprintf("%d searches", n)
	}
	what += fmt.Sprintf(" in a file of %d spans", s.Spans)
	if s.Foreign > 0 {
		what += fmt.Sprintf(", %d lines that are not spans", s.Foreign)
	}
	if s.Cut {
		what += ", the last line is cut off"
	}
	if _, err := fmt.Fprintf(w, "%s\n\n", what); err != nil {
		return err
	}
	if err := s.WriteDepths(w); err != nil {
		return err
	}
	_, err := fmt.Fprintln(w)
	return err
}

func reading[T any](open func() (io.ReadCloser, error), read func(io.Reader) (T, error)) (result T, err error) {
	file, err := open()
	if err != nil {
		return result, fmt.Errorf("open trace file: %w", err)
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return read(file)
}
