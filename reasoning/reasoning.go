// Package reasoning holds the types that all of Ponder's services share: steps of a
// solution, what they cost, and the models that generated or scored them.
//
// A solution is a path of steps that answers a problem. A policy generates steps, a
// verifier scores them, and a search arranges them in a tree. Texts are byte-exact: the
// steps of a path, joined with nothing between them, are what the policy generated.
package reasoning
