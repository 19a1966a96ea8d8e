package main

import (
	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/bench"
)

// An armSummary is the result of an arm in JSON.
type armSummary struct {
	Strategy       string         `json:"strategy"`
	N              int            `json:"n"`
	Accuracy       stats.Interval `json:"accuracy"`
	PolicyTokens   int64          `json:"policy_tokens"`
	PromptTokens   int64          `json:"prompt_tokens"`
	VerifierTokens int64          `json:"verifier_tokens"`
	FLOPs          float64        `json:"flops"`
	WallSeconds    float64        `json:"wall_seconds,omitempty"`      // if the arm ran alone
	LevelP95       []float64      `json:"level_p95_seconds,omitempty"` // by depth, from 1
}

// summaryOf returns the summary of a row.
func summaryOf(row bench.Row) armSummary {
	tokens := row.Tokens()
	return armSummary{
		Strategy: row.Arm.Name(), N: row.Arm.N, Accuracy: row.Accuracy(),
		PolicyTokens: tokens.Generated, PromptTokens: tokens.Prompt, VerifierTokens: tokens.Verifier,
		FLOPs: row.FLOPs(),
	}
}
