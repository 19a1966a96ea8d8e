package state

import (
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A Plan is a decision and its reason.
type Plan struct {
	Strategy search.Strategy
	Choice   search.Choice
	Reason   string
	Source   Source
	Profile  string // name of the profile that gave the plan; "" is none
	Bin      string // label of the difficulty that the plan is for; "" is any

	Policy      reasoning.Model // that generates
	RewardModel reasoning.Model // that scores; zero: there is none, or the verifier does not answer

	// Expected costs and accuracy; zero, or nil, if unknown.
	PredictedTokens   int64 // that the policy generates
	PredictedFLOPs    float64
	PredictedTime     time.Duration
	PredictedAccuracy *float64
}

// A Source is where a plan comes from.
type Source int

const (
	SourceRequest     Source = iota + 1 // the request named the strategy
	SourceProfile                       // calibration measured these models
	SourceRuleOfThumb                   // these models were not measured
)

func (s Source) String() string { return nameOf(s, "unknown", "request", "profile", "rule of thumb") }
