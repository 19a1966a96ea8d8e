// Package rpcerr turns the domain's errors into gRPC statuses and back.
//
// One table gives each kind of error its code. A full budget, for example, is the status
//
//	code: RESOURCE_EXHAUSTED, message: "expand: budget spent",
//	details: ErrorInfo{reason: "BUDGET_SPENT", domain: "ponder"}
//
// The reason distinguishes errors of one kind; clients in all languages match on it. A
// round trip preserves what errors.Is and errors.As find. A service declares its errors
// with its interface, by reasoning.NewError; a new error needs no change here.
//
// A status carries the message of its error, even with code INTERNAL, since the mesh is
// one trust domain. A gateway decides what to show outside.
package rpcerr

// Domain is the domain of every ErrorInfo.
const Domain = "ponder"
