//go:build unix

package reconcile_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// awaitRunning waits until a worker has begun a search.
func (s *site) awaitRunning(t *testing.T, ref planner.Ref) {
	for event, err := range s.Planner.Watch(context.Background(), ref, 0) {
		if err != nil {
			t.Error(err)
			return
		}
		for _, n := range event.Nodes {
			if n.State == search.StateRunning {
				return
			}
		}
	}
}

// While workers are killed and paused, each in turn, and some searches are cancelled, at least
// 99.5 % of what the server writes is on the bills, and the rest is unknown. It takes minutes:
// make reconcile runs it.
func TestKillsAndPauses(t *testing.T) {
	if *rounds == 1 {
		t.Skip("runs with -rounds of more than 1")
	}
	s := newSite(t, modelservertest.Options{Text: solution(2, 100), Before: pause})
	close(s.scored)
	workers := make([]*workerProcess, 3)
	for i := range workers {
		workers[i] = s.worker(t, fmt.Sprint("worker ", i), true)
	}
	sums := &sums{}
	var all sync.WaitGroup
	for n := range 12 * *rounds {
		ref := s.begin(t, fmt.Sprint("count to ", n), search.BestOfN{N: 8})
		all.Go(func() {
			if n%6 == 5 {
				s.awaitRunning(t, ref)
				time.Sleep(time.Second)
				if _, err := s.Planner.Cancel(context.Background(), ref); err != nil {
					t.Error(err)
				}
			}
			got, err := s.Planner.Wait(context.Background(), ref, time.Hour)
			if err != nil {
				t.Error(err)
				return
			}
			sums.add(got.Bill)
		})
	}
	ended := make(chan struct{})
	go func() { all.Wait(); close(ended) }()
	for n := 0; ; n++ {
		select {
		case <-time.After(6 * time.Second):
		case <-ended:
			sums.written = int64(s.proxy.Written())
			record(t, "workers killed and paused", "complete, cancelled", sums)
			if gap := sums.gap(); gap < 0 || 1000*gap > 5*sums.written || gap > sums.bill.Unknown.Generated {
				t.Errorf("%d of %d tokens are on no bill, and at most %d unknown", gap, sums.written, sums.bill.Unknown.Generated)
			}
			return
		}
		switch w := &workers[n%len(workers)]; n % 2 {
		case 0:
			(*w).kill()
			*w = s.worker(t, fmt.Sprint("worker ", n+len(workers)), true)
		case 1:
			(*w).pause()
			time.Sleep(2 * time.Second)
			(*w).resume()
		}
	}
}
