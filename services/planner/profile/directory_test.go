package profile_test

import (
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Follow puts the profile of a new file and of a changed one on the shelf, keeps the
// former profile of a file that is half written, and removes that of a deleted one.
func TestFollow(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "a.json")
	write := func(data []byte) {
		if err := os.WriteFile(path, data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	policy := reasoning.Model{Name: "p"}
	rm := &verifier.RewardModel{Model: reasoning.Model{Name: "v"}, Aggregator: verifier.AggregatorProd}
	synctest.Test(t, func(t *testing.T) {
		d := &profile.Directory{Shelf: &profile.Shelf{}, Paths: []string{dir}}
		if err := d.Refresh(); err != nil || d.Shelf.For(policy, rm) != nil {
			t.Fatalf("an empty directory: error %v", err)
		}
		var mu sync.Mutex
		var reported []string // guarded by mu
		go d.Follow(t.Context(), time.Second, func(err error) {
			mu.Lock()
			defer mu.Unlock()
			reported = append(reported, err.Error())
		})
		name := func() string {
			time.Sleep(2500 * time.Millisecond)
			synctest.Wait()
			if p := d.Shelf.For(policy, rm); p != nil {
				return p.Name
			}
			return "none"
		}
		p := example()
		write(file(t, p))
		if got := name(); got != "p with v" {
			t.Errorf("a new file: %s", got)
		}
		p.Name = "changed"
		write(file(t, p))
		if got := name(); got != "changed" {
			t.Errorf("a file that changed: %s", got)
		}
		write([]byte("{"))
		if got := name(); got != "changed" {
			t.Errorf("a file that is half written: %s", got)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if got := name(); got != "none" {
			t.Errorf("a file that is gone: %s", got)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(reported) != 1 || !strings.Contains(reported[0], path) {
			t.Errorf("reported %q, want the half file, once", reported)
		}
	})
	d := &profile.Directory{Shelf: &profile.Shelf{}, Paths: []string{filepath.Join(dir, "missing.json")}}
	if err := d.Refresh(); err == nil || !strings.Contains(err.Error(), "missing.json") {
		t.Errorf("a path that does not exist: error %v", err)
	}
}
