package planner

import "github.com/ponder-mesh/ponder/reasoning"

// Errors of a Solver, in addition to those of package reasoning.
var (
	ErrNotFound = reasoning.NewError(reasoning.KindNotFound, "SEARCH_NOT_FOUND", "no such search")
	// ErrNoNode indicates that the search does not have the parent node of the request.
	ErrNoNode = reasoning.NewError(reasoning.KindNotFound, "NODE_NOT_FOUND", "no such node")
	// ErrExists indicates that a different request has used the idempotency key.
	ErrExists = reasoning.NewError(reasoning.KindExists, "IDEMPOTENCY_KEY_IN_USE", "idempotency key in use")
	// ErrNoVerifier indicates that the request needs a verifier and there is none.
	ErrNoVerifier = reasoning.NewError(reasoning.KindPrecondition, "NO_VERIFIER", "no verifier configured")
	// ErrCancelled is the cause of a search's end when a client cancelled it.
	ErrCancelled = reasoning.NewError(reasoning.KindCancelled, "CANCELLED_BY_CLIENT", "cancelled by a client")
	// ErrClosed is the cause of a search's end when the planner stops.
	ErrClosed = reasoning.NewError(reasoning.KindUnavailable, "PLANNER_STOPPING", "planner stopping")
	// ErrNoAnswer is the error of a search in which no solution ended in an answer.
	ErrNoAnswer = reasoning.NewError(reasoning.KindNotFound, "NO_ANSWER", "no solution ended in an answer")
)
