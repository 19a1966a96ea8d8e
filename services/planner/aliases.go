package planner

import "github.com/ponder-mesh/ponder/services/planner/state"

// The types of package state that users of a Solver need.
type (
	Request    = state.Request
	Effort     = state.Effort
	Search     = state.Search
	State      = state.State
	Event      = state.Event
	Node       = state.Node
	Notice     = state.Notice
	NoticeKind = state.NoticeKind
	Plan       = state.Plan
	Source     = state.Source
	Outcome    = state.Outcome
	Stop       = state.Stop
)

// Constants of package state, where they are documented.
const (
	MaxIdempotencyKey = state.MaxIdempotencyKey
	MaxEventBytes     = state.MaxEventBytes

	EffortNone    = state.EffortNone
	EffortMinimal = state.EffortMinimal
	EffortLow     = state.EffortLow
	EffortMedium  = state.EffortMedium
	EffortHigh    = state.EffortHigh
	EffortXHigh   = state.EffortXHigh
	EffortMax     = state.EffortMax

	StateQueued    = state.StateQueued
	StateRunning   = state.StateRunning
	StateSucceeded = state.StateSucceeded
	StateFailed    = state.StateFailed
	StateCancelled = state.StateCancelled

	NoticeQueued   = state.NoticeQueued
	NoticeWaiting  = state.NoticeWaiting
	NoticeRetrying = state.NoticeRetrying
	NoticeDegraded = state.NoticeDegraded

	SourceRequest     = state.SourceRequest
	SourceProfile     = state.SourceProfile
	SourceRuleOfThumb = state.SourceRuleOfThumb

	StopComplete  = state.StopComplete
	StopBudget    = state.StopBudget
	StopDeadline  = state.StopDeadline
	StopCancelled = state.StopCancelled
	StopError     = state.StopError
)

// ParseEffort returns the effort with this name.
func ParseEffort(name string) (Effort, error) { return state.ParseEffort(name) }

// CompareNodes compares node ids in preorder: parents before children, siblings by ordinal.
func CompareNodes(a, b string) int { return state.CompareNodes(a, b) }
