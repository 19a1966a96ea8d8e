// Package models holds the pocket models that ship with Ponder: policies that
// really err and a process reward model that really judges, embedded in the
// program. Each has a card beside its file that says how it was made and how
// good it is.
package models

import (
	"embed"
	"fmt"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/pocket"
)

//go:embed *.gguf
var files embed.FS

// List returns the names of all shipped models, policies and judges, sorted.
func List() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // the embedded directory is always there
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".gguf"))
	}
	slices.Sort(names)
	return names
}

// File returns the bytes of a model's GGUF file, as llama.cpp reads it if it is a policy.
func File(name string) ([]byte, error) {
	b, err := files.ReadFile(name + ".gguf")
	if err != nil {
		return nil, fmt.Errorf("pocket model %q: not among %s", name, strings.Join(List(), ", "))
	}
	return b, nil
}

// Open loads a policy by name, e.g. "pocket-0.3m".
func Open(name string) (*pocket.Model, error) {
	b, err := File(name)
	if err != nil {
		return nil, err
	}
	return pocket.Open(b)
}

// OpenJudge loads a process reward model by name, e.g. "pocket-prm", or, as
// "pocket-0.8m-likelihood", a policy as pocket.LikelihoodJudge.
func OpenRewardModel(name string, o pocket.Options) (*pocket.RewardModel, error) {
	if policy, ok := strings.CutSuffix(name, "-likelihood"); ok {
		b, err := File(policy)
		if err != nil {
			return nil, err
		}
		return pocket.LikelihoodRewardModel(b, o)
	}
	b, err := File(name)
	if err != nil {
		return nil, err
	}
	return pocket.OpenRewardModel(b, o)
}
