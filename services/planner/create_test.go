package planner

import (
	"errors"
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Idempotency keys of different tenants are independent, whatever the tenants' names.
func TestKeysBelongToTenants(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		a, b := greedy("1"), greedy("1")
		a.Tenant, a.IdempotencyKey = "t", "\x00k"
		b.Tenant, b.IdempotencyKey = "t\x00", "k"
		if one, other := mustCreate(t, p, a), mustCreate(t, p, b); one == other {
			t.Errorf("both tenants got search %s", one)
		}
	})
}

// The same request with the same key returns the same search, even after its deadline; another
// request with that key is an error; and a new search needs a deadline in the future.
func TestCreateAgain(t *testing.T) {
	bubble(t, Config{}, func(t *testing.T, p *Planner) {
		r := greedy("1")
		r.IdempotencyKey, r.Deadline = "k", time.Now().Add(time.Minute)
		id := mustCreate(t, p, r)
		time.Sleep(time.Hour)
		if got := mustCreate(t, p, r); got != id {
			t.Errorf("after its deadline the request created %s, want the existing search %s", got, id)
		}
		r.Seed = ptr(reasoning.Seed(1))
		if got := mustCreate(t, p, r); got != id {
			t.Errorf("with an explicit default the request created %s, want the existing search %s", got, id)
		}
		r.Seed = ptr(reasoning.Seed(0))
		if _, err := p.Create(t.Context(), r); !errors.Is(err, ErrExists) {
			t.Errorf("with seed 0: got %v, want ErrExists", err)
		}
		r.IdempotencyKey = "another"
		var rule *reasoning.InvalidError
		if _, err := p.Create(t.Context(), r); !errors.As(err, &rule) || rule.Field != "deadline" {
			t.Errorf("a new search with a deadline that has passed: got %v, want deadline refused", err)
		}
	})
}

func ptr[T any](v T) *T { return &v }
