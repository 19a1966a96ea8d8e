package bench

import "github.com/ponder-mesh/ponder/reasoning"

// Tokens counts the tokens of a search, including discarded branches and the difficulty estimate.
type Tokens struct {
	Generated      int64 `json:"generated"`
	Prompt         int64 `json:"prompt"`
	Cached         int64 `json:"cached"`
	Verifier       int64 `json:"verifier"`
	VerifierCached int64 `json:"verifier_cached"`
}

func newTokens(b reasoning.Bill) Tokens {
	return Tokens{
		Generated:      b.Policy.Generated + b.Difficulty.Generated,
		Prompt:         b.Policy.Prompt + b.Difficulty.Prompt,
		Cached:         b.Policy.Cached + b.Difficulty.Cached,
		Verifier:       b.Verifier.Verifier + b.Difficulty.Verifier,
		VerifierCached: b.Verifier.Cached,
	}
}

// Add returns t + u.
func (t Tokens) Add(u Tokens) Tokens {
	return Tokens{t.Generated + u.Generated, t.Prompt + u.Prompt, t.Cached + u.Cached, t.Verifier + u.Verifier,
		t.VerifierCached + u.VerifierCached}
}
