//go:build real

package main

import (
	"context"
	"fmt"
	"path/filepath"

	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/lab/problemset"
	engine "github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/models"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/engine/pocket"
)

const (
	qwenName        = "qwen2.5-coder-0.5b-instruct-q4_k_m"
	qwenFile        = qwenName + ".gguf"
	qwenParameters  = 494_032_768
	rewardModelName = "pocket-prm"
)

// qwen returns a server of the real model with a prompt template and a context of so many tokens per slot.
func (l *lab) qwen(templateName string, context int) (*server, error) {
	file := filepath.Join(l.cache, qwenFile)
	sum, err := digest(file)
	if err != nil {
		return nil, err
	}
	id := evidence.Identity{Name: qwenName, SHA256: sum, Params: qwenParameters}
	if len(l.models) == 0 || l.models[len(l.models)-1] != id {
		l.models = append(l.models, id)
	}
	return newServer(l, qwenName, sum, file, templateName, qwenParameters, l.slots, "-c", fmt.Sprint(l.slots*context))
}

// pocketProblems searches pocket problems of one to four steps: those of the test split with the pocket
// reward model, others without a verifier.
func pocketProblems(ctx context.Context, l *lab) ([]row, error) {
	var ps []problemset.Problem
	for steps := 1; steps <= 4; steps++ {
		o := problems.Options{Split: problems.Split(l.split), Seed: seed, NSteps: steps}
		taken, err := problems.Take((l.n+steps-1)/4, o)
		if err != nil {
			return nil, err
		}
		for _, p := range taken {
			ps = append(ps, problemset.Problem{Text: p.Text, Answer: p.Answer, Steps: p.NSteps})
		}
	}
	policy, err := l.qwen("pocket-fewshot-v2", 1024)
	if err != nil {
		return nil, err
	}
	defer policy.stop()
	majority := []search.Choice{{}}
	trials := []trial{
		{"greedy", 1, search.Greedy{}, majority},
		{"sample", 1, search.Majority{N: 1}, majority},
	}
	var v verifier.Verifier
	if l.split == "test" { // other splits serve to choose prompts, by the policy's accuracy alone
		prm, err := models.OpenRewardModel(rewardModelName, engine.Options{Workers: 1})
		if err != nil {
			return nil, err
		}
		id := prm.Identity()
		l.models = append(l.models, evidence.Identity{Name: id.Name, SHA256: id.SHA256, Params: int64(id.Parameters)})
		if v, err = pocket.New(prm); err != nil {
			return nil, err
		}
	}
	w, ids, err := l.backend(ctx, policy, v)
	if err != nil {
		return nil, err
	}
	const levels = 12 // three times the steps of the longest problem
	by := search.ByAggregator(ids.RewardModel.Aggregator)
	byScore := []search.Choice{{By: by, Pick: search.PickMax}, {By: by, Pick: search.PickVote}}
	for _, n := range l.ns {
		trials = append(trials, trial{"majority", n, search.Majority{N: n}, majority})
		if v != nil {
			trials = append(trials,
				trial{"best-of-n", n, search.BestOfN{N: n}, byScore},
				trial{"beam", n, search.Beam{N: n, M: n / 2, MaxLevels: levels}, byScore},
				trial{"dvts", n, search.DVTS{N: n, M: n / 2, MaxLevels: levels}, byScore},
				trial{"lookahead", n, search.Lookahead{N: n, M: n / 2, K: 1, MaxLevels: levels}, byScore},
				trial{"rebase", n, search.Rebase{N: n, Balance: .2, MaxLevels: levels}, byScore},
				trial{"mcts", n, search.MCTS{
					N: n, Width: 4, Parallel: 4, Exploration: 1, Final: search.FinalVote, MaxLevels: levels,
				}, byScore},
				trial{"particles", n, search.Particles{N: n, Iterations: 1, Temperature: 1, MaxLevels: levels}, byScore},
				trial{"revisions", n, search.Revisions{N: n, Chains: 2, Flat: true}, byScore},
				trial{"revisions:feedback=true", n, search.Revisions{N: n, Chains: 2, Flat: true, Feedback: true}, byScore})
		}
	}
	return l.trials(ctx, "pocket", w, ids, ps, reasoning.Sampling{Temperature: .8, TopP: 1, MaxTokens: 96}, trials)
}

// gsm8kProblems answers grade-school problems, greedily and by majority.
func gsm8kProblems(ctx context.Context, l *lab) ([]row, error) {
	file := "gsm8k-test-a.jsonl"
	if l.split != "test" {
		file = "gsm8k-train1000.jsonl"
	}
	ps, err := problemset.Load(filepath.Join(l.data, file), problemset.GSM8K)
	if err != nil {
		return nil, err
	}
	policy, err := l.qwen("gsm8k-fewshot", 1024)
	if err != nil {
		return nil, err
	}
	defer policy.stop()
	w, ids, err := l.backend(ctx, policy, nil)
	if err != nil {
		return nil, err
	}
	majority := []search.Choice{{}}
	sampling := reasoning.Sampling{Temperature: .7, TopP: .95, MaxTokens: 256}
	return l.trials(ctx, "gsm8k", w, ids, ps[:min(l.n, len(ps))], sampling, []trial{
		{"greedy", 1, search.Greedy{}, majority},
		{"majority", 4, search.Majority{N: 4}, majority},
	})
}
