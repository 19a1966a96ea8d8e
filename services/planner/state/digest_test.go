package state

import (
	"testing"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

var sampling = reasoning.Sampling{Temperature: 0.8, TopP: 1, MaxTokens: 100}

func ptr[T any](v T) *T { return &v }

func TestDifferentRequestsHaveDifferentDigests(t *testing.T) {
	base := Request{
		Tenant: "t", Problem: "p", Effort: EffortHigh, Strategy: search.Majority{N: 4}, Temperature: ptr(0.5), MaxTokens: ptr(10),
		Seed: ptr(reasoning.Seed(3)), Thinking: &backend.Thinking{Max: 8},
	}
	seen := map[string]string{base.WithDefaults(sampling).Digest(): "the request itself"}
	for name, change := range map[string]func(r *Request){
		"tenant":        func(r *Request) { r.Tenant = "u" },
		"problem":       func(r *Request) { r.Problem = "q" },
		"policy":        func(r *Request) { r.Policy = "m" },
		"verifier":      func(r *Request) { r.Verifier = "m" },
		"effort":        func(r *Request) { r.Effort = EffortLow },
		"strategy":      func(r *Request) { r.Strategy = search.BestOfN{N: 4} },
		"n":             func(r *Request) { r.Strategy = search.Majority{N: 5} },
		"planned":       func(r *Request) { r.Strategy = nil },
		"choice":        func(r *Request) { r.Choice = &search.Choice{By: search.ByMin, Pick: search.PickMax} },
		"majority":      func(r *Request) { r.Choice = &search.Choice{} },
		"temperature":   func(r *Request) { r.Temperature = ptr(1.0) },
		"top_p":         func(r *Request) { r.TopP = ptr(0.5) },
		"max_tokens":    func(r *Request) { r.MaxTokens = ptr(11) },
		"no max_tokens": func(r *Request) { r.MaxTokens = nil },
		"seed":          func(r *Request) { r.Seed = ptr(reasoning.Seed(4)) },
		"seed 0":        func(r *Request) { r.Seed = ptr(reasoning.Seed(0)) },
		"no seed":       func(r *Request) { r.Seed = nil },
		"budget":        func(r *Request) { r.Budget.PolicyTokens = 9 },
		"samples":       func(r *Request) { r.Samples = 9 },
		"estimate":      func(r *Request) { r.Estimate = true },
		"thinking":      func(r *Request) { r.Thinking = &backend.Thinking{Max: 9} },
		"empty wait":    func(r *Request) { r.Thinking = &backend.Thinking{Max: 8, EmptyWait: true} },
		"no thinking":   func(r *Request) { r.Thinking = nil },
		"no_store":      func(r *Request) { r.NoStore = true },
		"shifted text":  func(r *Request) { r.Tenant, r.Problem = "t p", "" },
	} {
		other := base
		change(&other)
		digest := other.WithDefaults(sampling).Digest()
		if seen[digest] != "" {
			t.Errorf("%s: the digest equals that of %s", name, seen[digest])
		}
		seen[digest] = name
	}
}

// A request that leaves a field out has the digest of one that sets the field to its default.
func TestExplicitDefaultsAreTheSameRequest(t *testing.T) {
	want := Request{Problem: "p"}.WithDefaults(sampling).Digest()
	filled := Request{Problem: "p"}.WithDefaults(sampling)
	for name, r := range map[string]Request{
		"effort":          {Effort: EffortMedium},
		"samples":         {Samples: EffortMedium.Samples()},
		"temperature":     {Temperature: ptr(sampling.Temperature)},
		"top_p":           {TopP: ptr(sampling.TopP)},
		"max_tokens":      {MaxTokens: ptr(sampling.MaxTokens)},
		"seed":            {Seed: ptr(reasoning.Seed(1))},
		"deadline":        {Deadline: time.Now()},
		"idempotency_key": {IdempotencyKey: "k"},
		"all":             filled,
	} {
		r.Problem = "p"
		if got := r.WithDefaults(sampling).Digest(); got != want {
			t.Errorf("%s: got digest %s, want %s", name, got, want)
		}
	}
}

// Digests outlive a process. A change of any of these needs a new digestVersion.
func TestDigestsStay(t *testing.T) {
	for _, test := range []struct {
		request Request
		want    string
	}{
		{Request{Problem: "p"}, "r1:b0040101bfd9983a757bb01d2bc8aa51ca92a0562fa40c152be04a453892d5eb"},
		{Request{Tenant: "t", Problem: "p", Effort: EffortHigh, Strategy: search.Beam{N: 4, M: 2, MaxLevels: 9}, Choice: &search.Choice{}}, "r1:fadeb5e14213fe586a4df776d69692242be61d46e3706fef865dd811612d1aac"},
		{Request{Problem: "p", Strategy: search.Greedy{}, Thinking: &backend.Thinking{Mode: backend.ModeForce, Max: 9}, NoStore: true}, "r1:0c3260aa7ae232ce1bff00c25873ca7f2890e04eca6f741a5d224b1a62405ba9"},
	} {
		if got := test.request.WithDefaults(sampling).Digest(); got != test.want {
			t.Errorf("%+v: got digest %s, want %s", test.request, got, test.want)
		}
	}
}
