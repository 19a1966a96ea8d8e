package profile_test

import (
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A profile belongs to its pair of models: "reward-aware" (Liu et al. 2025, §3.1).
func TestStoreFindsTheProfileOfItsModels(t *testing.T) {
	store := &profile.Store{}
	p := reread(t, example())
	store.Put("a", p)
	policy := reasoning.Model{Name: "p", Version: "1", Tokenizer: "a"}
	rm := verifier.RewardModel{Model: reasoning.Model{Name: "v"}, Aggregator: verifier.AggregatorProd}
	for name, c := range map[string]struct {
		change func(*reasoning.Model, *verifier.RewardModel)
		want   bool
	}{
		"these models":         {func(*reasoning.Model, *verifier.RewardModel) {}, true},
		"an unknown version":   {func(p *reasoning.Model, _ *verifier.RewardModel) { p.Version = "" }, true},
		"another policy":       {func(p *reasoning.Model, _ *verifier.RewardModel) { p.Name = "q" }, false},
		"another version":      {func(p *reasoning.Model, _ *verifier.RewardModel) { p.Version = "2" }, false},
		"an unknown tokenizer": {func(p *reasoning.Model, _ *verifier.RewardModel) { p.Tokenizer = "" }, true},
		"another tokenizer":    {func(p *reasoning.Model, _ *verifier.RewardModel) { p.Tokenizer = "b" }, false},
		"another reward model": {func(_ *reasoning.Model, rm *verifier.RewardModel) { rm.Name = "w" }, false},
		"another aggregator": {func(_ *reasoning.Model, rm *verifier.RewardModel) {
			rm.Aggregator = verifier.AggregatorLast
		}, false},
	} {
		policy, rm := policy, rm
		c.change(&policy, &rm)
		if got := store.For(policy, &rm); (got == p) != c.want {
			t.Errorf("%s: found %v, want %v", name, got != nil, c.want)
		}
	}
	if store.For(policy, nil) != nil {
		t.Error("without a verifier: found a profile with one")
	}
	later := example()
	later.Name = "later"
	store.Put("b", reread(t, later))
	if got := store.For(policy, &rm); got.Name != "later" {
		t.Errorf("of two profiles: found %s, want the later", got.Name)
	}
	store.Remove("b")
	if got := store.For(policy, &rm); got != p {
		t.Errorf("after the later was removed: found %+v", got)
	}
}
