package backend

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A key depends on everything that may change a result, and on nothing else.
func TestMemoKeys(t *testing.T) {
	type content struct {
		id Identity
		r  policy.Request
	}
	r := ask(1)
	r.Steps = []string{"3\n", "1\n"}
	for name, test := range map[string]struct {
		change func(*content)
		hit    bool
	}{
		"nothing":             {func(*content) {}, true},
		"search and node":     {func(c *content) { c.r.Search, c.r.Node = "other", "1.1" }, true},
		"span":                {func(c *content) { c.r.Span = 1 }, true},
		"token limit":         {func(c *content) { c.r.Sampling.MaxTokens = 6 }, true},
		"siblings":            {func(c *content) { c.r.Ordinals = []int{0} }, true},
		"parameters":          {func(c *content) { c.id.Policy.Parameters = 3 }, true},
		"reward model":        {func(c *content) { c.id.RewardModel.Name = "other" }, true},
		"tenant":              {func(c *content) { c.id.Tenant = "other" }, false},
		"model":               {func(c *content) { c.id.Policy.Version = "2" }, false},
		"template":            {func(c *content) { c.id.Policy.Template = "chat" }, false},
		"name or version":     {func(c *content) { c.id.Policy.Name, c.id.Policy.Version = "", "script" }, false},
		"problem":             {func(c *content) { c.r.Problem = "31416" }, false},
		"seed":                {func(c *content) { c.r.Seed++ }, false},
		"ordinal":             {func(c *content) { c.r.Ordinals = []int{1} }, false},
		"temperature":         {func(c *content) { c.r.Sampling.Temperature = 0.5 }, false},
		"top_p":               {func(c *content) { c.r.Sampling.TopP = 0.5 }, false},
		"prefix":              {func(c *content) { c.r.Steps = []string{"3\n", "2\n"} }, false},
		"where steps end":     {func(c *content) { c.r.Steps = []string{"3\n1", "\n"} }, false},
		"a step or a problem": {func(c *content) { c.r.Problem, c.r.Steps = "314153", nil }, false},
	} {
		lock := searchtest.NewLock(0.5, nil)
		store := NewMemory(1 << 20)
		if _, err := children(t.Context(), Memo(lock, store, identity), r); err != nil {
			t.Fatal(err)
		}
		c := content{identity, r}
		test.change(&c)
		if _, err := children(t.Context(), Memo(lock, store, c.id), c.r); err != nil {
			t.Fatal(err)
		}
		if hit := len(lock.Calls()) == 1; hit != test.hit {
			t.Errorf("after a change of %s: replayed: got %t, want %t", name, hit, test.hit)
		}
	}
}

func TestMemoScoreKeys(t *testing.T) {
	type content struct {
		id Identity
		r  verifier.Request
	}
	r := verifier.Request{Search: "s", Node: "0", Problem: "31415", Steps: []string{"3\n", "1\n"}}
	for name, test := range map[string]struct {
		change func(*content)
		hit    bool
	}{
		"nothing":         {func(*content) {}, true},
		"search and node": {func(c *content) { c.r.Search, c.r.Node = "other", "7" }, true},
		"policy":          {func(c *content) { c.id.Policy.Name = "other" }, true},
		"aggregator":      {func(c *content) { c.id.RewardModel.Aggregator = verifier.AggregatorProd }, true},
		"tenant":          {func(c *content) { c.id.Tenant = "other" }, false},
		"reward model":    {func(c *content) { c.id.RewardModel.Version = "2" }, false},
		"problem":         {func(c *content) { c.r.Problem = "2" }, false},
		"steps":           {func(c *content) { c.r.Steps = []string{"3\n", "2\n"} }, false},
		"where they end":  {func(c *content) { c.r.Steps = []string{"3\n1\n"} }, false},
		"fewer steps":     {func(c *content) { c.r.Steps = c.r.Steps[:1] }, false},
	} {
		lock := searchtest.NewLock(0.5, nil)
		store := NewMemory(1 << 20)
		c := content{identity, r}
		test.change(&c)
		if _, err := Memo(lock, store, identity).Score(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		if _, err := Memo(lock, store, c.id).Score(t.Context(), c.r); err != nil {
			t.Fatal(err)
		}
		if hit := len(lock.ScoreRequests()) == 1; hit != test.hit {
			t.Errorf("after a change of %s: replayed: got %t, want %t", name, hit, test.hit)
		}
	}
}

// Results that were recorded before requests could have attempts keep their keys.
func TestMemoKeysStay(t *testing.T) {
	r := ask(1)
	r.Steps = []string{"3\n"}
	prefix := Memo(nil, nil, identity).prefixKey(r)
	if want := "a4b037bcafbddc28ed6c8baab1be5b2ae474c41af76ecd42ac12e593f3c6d7e4"; prefix != want {
		t.Errorf("a prefix has the key %s, want %s", prefix, want)
	}
	want := "14d70ccaeb497b8fb8504cdcc6aad42c10e2894ce2bd588c85c83ab3c77fca04"
	if got := childKey(prefix, r, 2); got != want {
		t.Errorf("a child has the key %s, want %s", got, want)
	}
}

// Children after other attempts, or after the same in another order, have other keys.
func TestMemoKeepsAttemptsApart(t *testing.T) {
	lock := searchtest.NewLock(0, nil)
	lock.Script = policytest.Steps(4, 0)
	m := Memo(lock, NewMemory(1<<20), identity)
	for _, attempts := range [][]string{nil, {"a"}, {"a", "b"}, {"b", "a"}, {"ab"}} {
		r := ask(3)
		r.Attempts = attempts
		before := len(lock.Calls())
		first, err := children(t.Context(), m, r)
		if requested := len(lock.Calls()) - before; err != nil || requested != 1 {
			t.Errorf("%q: %d requests and error %v, want one request", attempts, requested, err)
		}
		again, err := children(t.Context(), m, r)
		if requested := len(lock.Calls()) - before; err != nil || requested != 1 {
			t.Errorf("%q again: %d requests and error %v, want only the first", attempts, requested, err)
		}
		if diff := cmp.Diff(again, first, cmpopts.IgnoreFields(policy.Child{}, "Generate")); diff != "" {
			t.Errorf("%q again (-got +want):\n%s", attempts, diff)
		}
	}
}
