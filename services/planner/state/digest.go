package state

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// digestVersion is increased when the digests of requests change.
const digestVersion = "r1"

// Digest returns the digest of a request with its defaults. Two requests for the same search
// have the same digest: it does not depend on the deadline, which moves when a client
// repeats a request, or on the idempotency key. Digests may be stored: they depend only on
// the request and digestVersion.
func (r Request) Digest() string {
	type strategy struct {
		Name       string          `json:"name"`
		Parameters search.Strategy `json:"parameters"` // all of them, in the order of the type's fields
	}
	canonical := struct {
		Tenant      string            `json:"tenant"`
		Problem     string            `json:"problem"`
		Policy      string            `json:"policy"`
		Verifier    string            `json:"verifier"`
		Effort      string            `json:"effort"`
		Budget      backend.Budget    `json:"budget"`
		Samples     int               `json:"samples"`
		Estimate    bool              `json:"estimate"`
		Strategy    *strategy         `json:"strategy"`
		Choice      *string           `json:"choice"`
		Thinking    *backend.Thinking `json:"thinking"`
		Temperature float64           `json:"temperature"`
		TopP        float64           `json:"top_p"`
		MaxTokens   int               `json:"max_tokens"`
		Seed        reasoning.Seed    `json:"seed"`
		NoStore     bool              `json:"no_store"`
		AnswerKind  string            `json:"answer_kind,omitempty"` // "" for auto, as before there were kinds
	}{
		Tenant: r.Tenant, Problem: r.Problem, Policy: r.Policy, Verifier: r.Verifier, Effort: r.Effort.String(), Budget: r.Budget, Samples: r.Samples,
		Estimate: r.Estimate, Thinking: r.Thinking, Temperature: *r.Temperature, TopP: *r.TopP, MaxTokens: *r.MaxTokens, Seed: *r.Seed, NoStore: r.NoStore,
	}
	if r.AnswerKind != answer.KindAuto {
		canonical.AnswerKind = r.AnswerKind.String()
	}
	if r.Strategy != nil {
		canonical.Strategy = &strategy{r.Strategy.Name(), r.Strategy}
	}
	if r.Choice != nil {
		name := r.Choice.String()
		canonical.Choice = &name
	}
	text, err := json.Marshal(canonical)
	if err != nil {
		// Validate refuses NaN and infinite numbers, and all types of the fields can be marshalled.
		panic(fmt.Sprintf("digest of a valid request: %v", err))
	}
	return fmt.Sprintf("%s:%x", digestVersion, sha256.Sum256(text))
}
