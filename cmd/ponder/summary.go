package main

import (
	"time"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
)

// forgetful is a store of results that holds nothing: what is asked is done.
type forgetful struct{}

func (forgetful) Get(string) ([]byte, bool, error) { return nil, false, nil }
func (forgetful) Put(string, []byte) error         { return nil }

// armSummary is an arm's row for programs.
type armSummary struct {
	Strategy       string         `json:"strategy"`
	N              int            `json:"n"`
	Accuracy       stats.Interval `json:"accuracy"`
	PolicyTokens   int64          `json:"policy_tokens"`
	PromptTokens   int64          `json:"prompt_tokens"`
	VerifierTokens int64          `json:"verifier_tokens"`
	FLOPs          float64        `json:"flops"`
	WallSeconds    float64        `json:"wall_seconds,omitempty"`
	LevelP95       []float64      `json:"level_p95_seconds,omitempty"` // by depth, from 1
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
