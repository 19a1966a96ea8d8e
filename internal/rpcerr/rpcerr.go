// Package rpcerr turns Ponder's errors into gRPC statuses and back.
//
// One table gives each kind of error its code. An expansion over a spent budget, for example,
// is the status
//
//	code: RESOURCE_EXHAUSTED, message: "expand: budget spent",
//	details: ErrorInfo{reason: "BUDGET_SPENT", domain: "ponder"}
//
// The reason distinguishes errors of one kind; clients in all languages match on it. A round
// trip preserves the message, the sentinel that reasoning.Classify returns, the field and the
// rule of a *reasoning.InvalidError, the delay, and the cost (as an Error among the details of a status). A service declares its errors with its
// interface, by reasoning.NewError; a new one needs an entry in the test of this package, and
// no code here.
//
// A status carries the message of its error, even with code INTERNAL, since the mesh is
// one trust domain. A gateway decides what to show outside.
package rpcerr

// Domain is the domain of every ErrorInfo.
const Domain = "ponder"
