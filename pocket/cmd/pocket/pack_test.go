package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/pocket"
)

// pack prints the size of a file that it has written, and nothing for one that it could not write.
func TestPackPrintsWhatItHasWritten(t *testing.T) {
	dir := t.TempDir()
	const trunk = "../../models/pocket-0.1m.gguf"
	head := filepath.Join(dir, "head.json")
	if err := os.WriteFile(head, zeroHead(t, trunk), 0o600); err != nil {
		t.Fatal(err)
	}
	for out, written := range map[string]bool{
		filepath.Join(dir, "model.gguf"):            true,
		filepath.Join(dir, "missing", "model.gguf"): false,
	} {
		printed, err := printedBy(t, (&packCmd{In: head, Out: out, Trunk: trunk, Aggregator: "min"}).Run)
		if (err == nil) != written || strings.Contains(printed, "bytes") != written {
			t.Errorf("%s: printed %q, error %v, want a size: %t", out, printed, err, written)
		}
	}
}

// zeroHead returns a head without any weight for the features of a policy's file.
func zeroHead(t *testing.T, trunk string) []byte {
	t.Helper()
	file, err := os.ReadFile(trunk)
	if err != nil {
		t.Fatal(err)
	}
	rm, err := pocket.OpenLikelihoodRewardModel(file, pocket.Options{})
	if err != nil {
		t.Fatal(err)
	}
	x, _, err := rm.Features(t.Context(), "Tom has 2 pens.", []string{"2+2=4"})
	if err != nil {
		t.Fatal(err)
	}
	head, err := json.Marshal(pocket.Head{
		Name: "zero", Hidden: [][]float32{make([]float32, len(x[0]))}, Bias: []float32{0}, Out: []float32{0},
	})
	if err != nil {
		t.Fatal(err)
	}
	return head
}

// printedBy returns what f prints, and its error.
func printedBy(t *testing.T, f func() error) (string, error) {
	t.Helper()
	name := filepath.Join(t.TempDir(), "stdout")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	stdout := os.Stdout
	os.Stdout = file
	defer func() { os.Stdout = stdout }()
	failed := f()
	printed, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(printed), failed
}
