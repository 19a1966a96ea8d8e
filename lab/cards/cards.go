// Package cards measures the shipped pocket models for their model cards: policies and reward models without
// a search, the reviser and the thinker by searches of a mesh in this process.
package cards

import (
	"os"
	"path/filepath"

	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/pocket"
)

const evidenceDir = "docs/evidence"

// Fill copies the figures of docs/evidence into the model cards.
type Fill struct{}

// Run implements the command.
func (Fill) Run() error {
	paths, err := filepath.Glob("pocket/models/*.md")
	if err != nil {
		return err
	}
	return evidence.Fill(evidenceDir, paths...)
}

// Check returns an error if a figure of a model card differs from docs/evidence.
type Check struct{}

// Run implements the command.
func (Check) Run() error {
	paths, err := filepath.Glob("pocket/models/*.md")
	if err != nil {
		return err
	}
	return evidence.Check(evidenceDir, paths...)
}

func identity(id pocket.Identity) evidence.Identity {
	return evidence.Identity{Name: id.Name, SHA256: id.SHA256, Params: int64(id.Parameters)}
}

func openFile(path string) (*pocket.Model, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return pocket.Open(file)
}
