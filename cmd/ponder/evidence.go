package main

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/ponder-mesh/ponder/eval"
	"github.com/ponder-mesh/ponder/internal/bench"
)

// forgetful is a store of results that holds nothing: what is asked is done.
type forgetful struct{}

func (forgetful) Get(string) ([]byte, bool, error) { return nil, false, nil }
func (forgetful) Put(string, []byte) error         { return nil }

// armSummary is an arm's row for programs.
type armSummary struct {
	Strategy       string        `json:"strategy"`
	N              int           `json:"n"`
	Accuracy       eval.Estimate `json:"accuracy"`
	PolicyTokens   int64         `json:"policy_tokens"`
	PromptTokens   int64         `json:"prompt_tokens"`
	VerifierTokens int64         `json:"verifier_tokens"`
	FLOPs          float64       `json:"flops"`
	WallSeconds    float64       `json:"wall_seconds,omitempty"`
	LevelP95       []float64     `json:"level_p95_seconds,omitempty"` // by depth, from 1
}

func summaryOf(r bench.Row, levels [][]time.Duration) armSummary {
	s := armSummary{
		Strategy: r.Name, N: r.N, Accuracy: r.Accuracy(), PolicyTokens: r.Tokens.Generated, PromptTokens: r.Tokens.Prompt, VerifierTokens: r.Tokens.Verifier,
		FLOPs: r.FLOPs, WallSeconds: r.Wall.Seconds(),
	}
	for _, all := range levels {
		s.LevelP95 = append(s.LevelP95, bench.P95(all).Seconds())
	}
	return s
}

// writeEvidence writes what the demo measured, with the paired differences that
// say which strategy beats which.
func writeEvidence(path string, c *demoCmd, rows []bench.Row, levels [][][]time.Duration, models opened) error {
	ctx := context.Background()
	policy, err := models.policy.Model(ctx)
	if err != nil {
		return err
	}
	identities := []eval.Identity{{Name: policy.Name, SHA256: policy.Version, Params: policy.Parameters}}
	if models.verifier != nil {
		judge, err := models.verifier.Judge(ctx)
		if err != nil {
			return err
		}
		identities = append(identities, eval.Identity{Name: judge.Name, SHA256: judge.Version, Params: judge.Parameters})
	}
	table := eval.Table{
		Header: []string{"strategy", "N", "accuracy [95 %]", "generated tokens", "prompt tokens", "verifier tokens", "GFLOP"},
		Align:  []eval.Align{eval.Left, eval.Right, eval.Left, eval.Right, eval.Right, eval.Right, eval.Right},
	}
	var arms []armSummary
	for i, r := range rows {
		arms = append(arms, summaryOf(r, levels[i]))
		table.Add(r.Name, fmt.Sprint(r.N), r.Accuracy().Percent(), fmt.Sprint(r.Tokens.Generated), fmt.Sprint(r.Tokens.Prompt), fmt.Sprint(r.Tokens.Verifier), fmt.Sprintf("%.1f", r.FLOPs/1e9))
	}
	differences := eval.Table{Header: []string{"difference", "N", "points [95 %]"}, Align: []eval.Align{eval.Left, eval.Right, eval.Left}}
	for _, a := range rows {
		for _, b := range rows {
			if (a.Name == "beam" || a.Name == "best-of-n") && (b.Name == "greedy" || b.Name == "majority" && a.N == b.N || b.Name == "best-of-n" && a.Name == "beam" && a.N == b.N) {
				d, err := eval.PairedBootstrap(a.Right, b.Right, c.Seed)
				if err != nil {
					return err
				}
				differences.Add(a.Name+" − "+b.Name, fmt.Sprint(a.N), fmt.Sprintf("%+.1f [%+.1f, %+.1f]", 100*d.Mean, 100*d.Low, 100*d.High))
			}
		}
	}
	name := strings.TrimSuffix(filepath.Base(path), ".json")
	ns := strings.Trim(strings.ReplaceAll(fmt.Sprint(c.N), " ", ","), "[]")
	return eval.Evidence{
		Name: name, What: "Held-out pocket problems through the whole mesh in one process, each strategy paying for its own samples.",
		Command: fmt.Sprintf("go run ./cmd/ponder demo --problems %d --steps %d --n %s --seed %d --policy-pocket %s --evidence docs/evidence/%s.json",
			c.Problems, c.Steps, ns, c.Seed, c.Policy.Pocket, name),
		Seeds: []uint64{pocketSeed, c.Seed}, Models: identities, Samples: map[string]int{"problems": len(rows[0].Right)},
		Results: map[string]any{"arms": arms, "table": table, "differences": differences},
	}.Write(path)
}
