package planner

import "github.com/ponder-mesh/ponder/reasoning"

// Errors of a Planner beside those of package reasoning.
var (
	ErrNotFound = reasoning.NewError(reasoning.KindNotFound, "SEARCH_NOT_FOUND", "no such search")
	// ErrNoNode refuses the nodes below a node that the search does not have.
	ErrNoNode = reasoning.NewError(reasoning.KindNotFound, "NODE_NOT_FOUND", "no such node")
	// ErrExists refuses a request with the idempotency key of a different one.
	ErrExists = reasoning.NewError(reasoning.KindExists, "IDEMPOTENCY_KEY_IN_USE", "idempotency key in use")
	// ErrNoVerifier refuses a request that needs a verifier where there is none.
	ErrNoVerifier = reasoning.NewError(reasoning.KindPrecondition, "NO_VERIFIER", "no verifier configured")
	// ErrCancelled is the cause of a search's end when a client cancelled it.
	ErrCancelled = reasoning.NewError(reasoning.KindCancelled, "CANCELLED_BY_CLIENT", "cancelled by a client")
	// ErrClosed is the cause of a search's end when the planner stops.
	ErrClosed = reasoning.NewError(reasoning.KindUnavailable, "PLANNER_STOPPING", "planner stopping")
	// ErrNoAnswer is the error of a search in which no solution ended in an answer.
	ErrNoAnswer = reasoning.NewError(reasoning.KindNotFound, "NO_ANSWER", "no solution ended in an answer")
)
