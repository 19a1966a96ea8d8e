// Package pocket runs tiny transformers in plain Go: language models of 0.1 to 2
// million parameters that solve word problems step by step, not always correctly,
// and process reward models. A [Model] is read from a GGUF file; an [Engine] serves
// many requests at once from one policy, a [RewardModel] scores the steps of
// solutions. The output is a function of the file and the request alone: it depends
// neither on other requests nor on batching nor on the content of a cache.
//
// Reading order: model.go, forward.go, engine.go, rewardmodel.go. The shipped
// models are in package models, their problems in package problems.
package pocket
