package search

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Validate names the first parameter that breaks a rule, and the rule.
func TestValidate(t *testing.T) {
	for _, test := range []struct {
		s    Strategy
		want string
	}{
		{Greedy{}, ""},
		{Majority{N: 1}, ""},
		{Majority{}, "strategy.majority.n: must be 1 to 4096, is 0"},
		{BestOfN{N: MaxN}, ""},
		{BestOfN{N: 1e6}, "strategy.best_of_n.n: must be 1 to 4096, is 1000000"},
		{Beam{N: 16, M: 4, MaxLevels: 40}, ""},
		{Beam{N: 0, M: 4, MaxLevels: 40}, "strategy.beam.n: must be 1 to 4096, is 0"},
		{Beam{N: 4, M: 8, MaxLevels: 40}, "strategy.beam.m: must divide n = 4, is 8: use 4"},
		{Beam{N: 16, M: 3, MaxLevels: 40}, "strategy.beam.m: must divide n = 16, is 3: use 2"},
		{Beam{N: 16, M: 0, MaxLevels: 40}, "strategy.beam.m: must divide n = 16, is 0: use 1"},
		{Beam{N: 16, M: 4}, "strategy.beam.max_levels: must be 1 to 256, is 0"},
		{Beam{N: 16, M: 4, MaxLevels: 257}, "strategy.beam.max_levels: must be 1 to 256, is 257"},
		{Majority{N: 8, Wave: -1}, "strategy.majority.wave: must be 1 to 4096, or unset, is -1"},
		{Majority{N: 8, Confidence: 1}, "strategy.majority.confidence: must be more than 0 and at most 0.9999, or unset, is 1"},
		{
			Majority{N: 8, Confidence: math.NaN()},
			"strategy.majority.confidence: must be more than 0 and at most 0.9999, or unset, is NaN",
		},
		{Lookahead{N: 16, M: 4, K: 3, MaxLevels: 40}, ""},
		{Lookahead{N: 16, M: 3, K: 3, MaxLevels: 40}, "strategy.lookahead.m: must divide n = 16, is 3: use 2"},
		{Lookahead{N: 16, M: 4, MaxLevels: 40}, "strategy.lookahead.k: must be 1 to 256, is 0"},
		{DVTS{N: 16, M: 4, MaxLevels: 40}, ""},
		{DVTS{N: 16, M: 5, MaxLevels: 40}, "strategy.dvts.m: must divide n = 16, is 5: use 4"},
		{DVTS{N: 16, M: 4, K: -1, MaxLevels: 40}, "strategy.dvts.k: must be 0 to 256, is -1"},
		{Rebase{N: 16, Balance: 0.2, MaxLevels: 25}, ""},
		{Rebase{N: 16, MaxLevels: 25}, "strategy.rebase.balance: must be 0.001 to 1000, is 0"},
		{MCTS{N: 16, Width: 4, Parallel: 4, Final: FinalVote, MaxLevels: 40}, ""},
		{MCTS{N: 16, Parallel: 4, Final: FinalVote, MaxLevels: 40}, "strategy.mcts.width: must be 1 to 64, is 0"},
		{
			MCTS{N: 4, Width: 4, Parallel: 5, Final: FinalVote, MaxLevels: 40},
			"strategy.mcts.parallel: must be 1 to 4, is 5",
		},
		{
			MCTS{N: 4, Width: 4, Parallel: 4, Exploration: -1, Final: FinalVote, MaxLevels: 40},
			"strategy.mcts.exploration: must be 0 to 1000, is -1",
		},
		{MCTS{N: 4, Width: 4, Parallel: 4, MaxLevels: 40}, "strategy.mcts.final: 0 must be one of [vote visits value]"},
		{Particles{N: 16, Iterations: 4, Temperature: 1, MaxLevels: 40}, ""},
		{
			Particles{N: 16, Iterations: 3, Temperature: 1, MaxLevels: 40},
			"strategy.particles.iterations: must divide n = 16, is 3: use 2",
		},
		{
			Particles{N: 16, Iterations: 1, MaxLevels: 40},
			"strategy.particles.temperature: must be 0.001 to 1000, is 0",
		},
		{Revisions{N: 16, Chains: 4}, ""},
		{Revisions{N: 16, Chains: 0}, "strategy.revisions.chains: must be 1 to 16, is 0"},
		{Revisions{N: 16, Chains: 5}, "strategy.revisions.chains: must divide n = 16, is 5: use 4"},
		{Revisions{N: 1024, Chains: 2}, "strategy.revisions.n: must be at most 256 per chain, is 512: use more chains"},
		{Revisions{N: 16, Chains: 4, Feedback: true}, ""},
		{
			Revisions{N: 16, Chains: 4, Feedback: true, NoVerifier: true},
			"strategy.revisions.feedback: needs a verifier: must be false with no_verifier",
		},
	} {
		err := test.s.Validate()
		if got := fmt.Sprint(err); got != test.want && (err != nil || test.want != "") {
			t.Errorf("%+v: got %v, want %q", test.s, err, test.want)
		}
		if err != nil && !errors.Is(err, reasoning.ErrInvalid) {
			t.Errorf("%+v: %v is not an ErrInvalid", test.s, err)
		}
	}
}
