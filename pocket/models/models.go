// Package models embeds the pocket models that ship with Ponder: policies and process
// reward models. Each has a card beside its file with its training and its accuracy.
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

// List returns the names of all shipped models, policies and reward models, sorted.
func List() []string {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(err) // cannot fail: the directory is embedded
	}
	var names []string
	for _, e := range entries {
		names = append(names, strings.TrimSuffix(e.Name(), ".gguf"))
	}
	slices.Sort(names)
	return names
}

// File returns the bytes of a model's GGUF file. llama.cpp can read those of policies.
func File(name string) ([]byte, error) {
	b, err := files.ReadFile(name + ".gguf")
	if err != nil {
		return nil, fmt.Errorf("pocket model %q: must be one of %s", name, strings.Join(List(), ", "))
	}
	return b, nil
}

// Open loads a policy by name, such as "pocket-0.3m".
func Open(name string) (*pocket.Model, error) {
	b, err := File(name)
	if err != nil {
		return nil, err
	}
	return pocket.Open(b)
}

// OpenRewardModel loads a process reward model by name, such as "pocket-prm". A name
// such as "pocket-0.8m-likelihood" loads a policy by pocket.OpenLikelihoodRewardModel.
func OpenRewardModel(name string, o pocket.Options) (*pocket.RewardModel, error) {
	if policy, ok := strings.CutSuffix(name, "-likelihood"); ok {
		b, err := File(policy)
		if err != nil {
			return nil, err
		}
		return pocket.OpenLikelihoodRewardModel(b, o)
	}
	b, err := File(name)
	if err != nil {
		return nil, err
	}
	return pocket.OpenRewardModel(b, o)
}
