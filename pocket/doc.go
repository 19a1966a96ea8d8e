// Package pocket runs tiny transformers in plain Go: language models of a few
// hundred thousand weights that solve word problems step by step, some of them
// wrongly, and process reward models. A [Model] is read from a GGUF file; an
// [Engine] serves many requests at once from one policy, a [RewardModel] scores
// the steps of solutions. The output is a function of the file, the prompt and
// the seed alone: it depends neither on other requests nor on batching nor on
// the content of a cache.
//
// Reading order: model.go, forward.go, engine.go, rewardmodel.go. The shipped
// models are in package models, their problems in package problems.
package pocket
