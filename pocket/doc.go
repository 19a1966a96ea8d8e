// Package pocket runs tiny transformers in plain Go: language models of a few
// hundred thousand weights that solve word problems step by step and really
// err, and judges that really judge. A [Model] is read from a GGUF file; an
// [Engine] serves many requests at once from one policy, a [Judge] scores the
// steps of solutions. What comes out is a function of the file, the prompt and
// the seed alone: never of what else runs at the same time, of how requests
// were batched, or of what a cache held.
//
// Reading order: model.go, forward.go, engine.go, judge.go. The shipped models
// are in package models, their problems in package problems.
package pocket
