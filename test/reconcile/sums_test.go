//go:build unix

package reconcile_test

import (
	"errors"
	"flag"
	"fmt"
	"strconv"
	"sync"
	"testing"

	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/reasoning"
)

var (
	rounds       = flag.Int("rounds", 1, "searches of each kind; more than 1 also runs the campaign of kills and pauses")
	evidenceFile = flag.String("evidence", "", "file of docs/evidence to write")
)

// A sums is what searches have cost together.
type sums struct {
	mu       sync.Mutex
	searches int
	bill     reasoning.Bill

	written int64 // tokens that their server has written
}

// add adds the bill of a search.
func (s *sums) add(b reasoning.Bill) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.searches++
	s.bill.AddPolicy(reasoning.Cost{Usage: b.Total(), Waste: b.Waste, Unknown: b.Unknown})
}

// gap returns how many of the tokens that the server has written are on no bill.
func (s *sums) gap() int64 { return s.written - s.bill.Policy.Generated }

// results are the rows of the document's table.
var results struct {
	mu   sync.Mutex
	rows []row
}

type row struct {
	name, end string
	sums      *sums
}

// record logs a row, and keeps it for the document.
func record(t *testing.T, name, end string, s *sums) {
	t.Helper()
	w := s.bill.Waste
	t.Logf("%d searches: written %d, billed %d (cancelled %d, failed %d, lost %d, untrusted %d), missing %d, unknown at most %d",
		s.searches, s.written, s.bill.Policy.Generated, w.Cancelled.Generated, w.Failed.Generated, w.Lost.Generated,
		w.Untrusted.Generated, s.gap(), s.bill.Unknown.Generated)
	results.mu.Lock()
	defer results.mu.Unlock()
	results.rows = append(results.rows, row{name, end, s})
}

// writeEvidence writes the rows, with their sum, as a record of evidence.
func writeEvidence(file string) error {
	if len(results.rows) == 0 {
		return errors.New("no test has recorded a row")
	}
	t := table.New("server", "searches end", ">searches", ">written", ">billed", ">cancelled", ">failed", ">lost", ">untrusted",
		">on no bill", ">unknown at most")
	all := row{name: "all", sums: &sums{}}
	add := func(r row) {
		w, s := r.sums.bill.Waste, r.sums
		cells := []string{r.name, r.end}
		for _, n := range []int64{
			int64(s.searches), s.written, s.bill.Policy.Generated, w.Cancelled.Generated, w.Failed.Generated, w.Lost.Generated,
			w.Untrusted.Generated, s.gap(), s.bill.Unknown.Generated,
		} {
			cells = append(cells, strconv.FormatInt(n, 10))
		}
		t.Add(cells...)
	}
	for _, r := range results.rows {
		add(r)
		all.sums.searches += r.sums.searches
		all.sums.written += r.sums.written
		all.sums.bill.AddPolicy(reasoning.Cost{Usage: r.sums.bill.Policy, Waste: r.sums.bill.Waste, Unknown: r.sums.bill.Unknown})
	}
	add(all)
	share := 100 * float64(all.sums.bill.Policy.Generated) / float64(all.sums.written)
	return evidence.Record{
		Name: "reconcile", What: "tokens that a stand-in model server has written, by a proxy, and those that searches are billed",
		Command: "make reconcile", Samples: map[string]int{"rounds": *rounds, "searches": all.sums.searches},
		Results: map[string]any{"table": t, "share": fmt.Sprintf("%.2f %%", share)},
	}.Write(file)
}
