package planner

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestMaxActive(t *testing.T) {
	bubble(t, Config{MaxActive: 2}, func(t *testing.T, p *Planner) {
		mustCreate(t, p, greedy("1"))
		mustCreate(t, p, greedy("2"))
		if _, err := p.Create(t.Context(), greedy("3")); !errors.Is(err, reasoning.ErrOverloaded) {
			t.Errorf("got %v, want ErrOverloaded", err)
		}
		keyed := greedy("2")
		time.Sleep(11 * time.Second)
		keyed.IdempotencyKey = "k"
		id := mustCreate(t, p, keyed)
		mustCreate(t, p, greedy("4"))
		if got := mustCreate(t, p, keyed); got != id {
			t.Errorf("at its limit the planner created %s, want the existing search %s", got, id)
		}
	})
}

func TestMaxKept(t *testing.T) {
	bubble(t, Config{MaxKept: 3}, func(t *testing.T, p *Planner) {
		slow := greedy("slow")
		slow.Strategy = search.Majority{N: 2}
		p.cfg.Policy = &policytest.Script{Reply: func(r policy.Request, o int) policytest.Reply {
			l := policytest.Steps(1, time.Second).Reply(r, o)
			if r.Problem == "slow" {
				l.Delay = time.Hour
			}
			return l
		}}
		slow.Deadline = time.Now().Add(2 * time.Hour)
		running := mustCreate(t, p, slow)
		var ids []string
		for i := range 6 {
			r := greedy(fmt.Sprint(i))
			r.IdempotencyKey = fmt.Sprint("key ", i)
			ids = append(ids, mustCreate(t, p, r))
			time.Sleep(2 * time.Second)
		}
		for i, id := range append(ids, running) {
			_, err := p.Get(t.Context(), Ref{ID: id})
			if kept := i >= 2; kept != (err == nil) || !kept && !errors.Is(err, ErrNotFound) {
				t.Errorf("search %d: got %v, want it kept: %v", i, err, kept)
			}
		}
		page, err := p.List(t.Context(), ListRequest{})
		if got := page.Items; err != nil || len(got) != 5 || got[0].ID != ids[5] || got[4].ID != running {
			t.Errorf("listed %d searches, want the 4 newest and the one that runs", len(got))
		}
		again := greedy("0")
		again.IdempotencyKey = "key 0"
		if id := mustCreate(t, p, again); id == ids[0] {
			t.Error("the key of a forgotten search still finds it")
		}
	})
}
