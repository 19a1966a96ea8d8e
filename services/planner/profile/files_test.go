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

// Follow puts the profile of a new or changed file into the Store, keeps the previous profile of a
// file that is only partly written, and removes the profile of a deleted file.
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
		d := &profile.Files{Store: &profile.Store{}, Paths: []string{dir}}
		if err := d.Refresh(); err != nil || d.Store.For(policy, rm) != nil {
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
			if p := d.Store.For(policy, rm); p != nil {
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
			t.Errorf("a changed file: %s", got)
		}
		write([]byte("{"))
		if got := name(); got != "changed" {
			t.Errorf("a partly written file: %s", got)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if got := name(); got != "none" {
			t.Errorf("a deleted file: %s", got)
		}
		mu.Lock()
		defer mu.Unlock()
		if len(reported) != 1 || !strings.Contains(reported[0], path) {
			t.Errorf("reported %q, want one error, of the partly written file", reported)
		}
	})
	d := &profile.Files{Store: &profile.Store{}, Paths: []string{filepath.Join(dir, "missing.json")}}
	if err := d.Refresh(); err == nil || !strings.Contains(err.Error(), "missing.json") {
		t.Errorf("a path that does not exist: error %v", err)
	}
}

// Every Refresh returns an error for a file that does not hold a profile, until the file is
// corrected or removed, and keeps the previous profile of the file.
func TestRefreshOfABadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.json")
	d := &profile.Files{Store: &profile.Store{}, Paths: []string{filepath.Dir(path)}}
	policy := reasoning.Model{Name: "p"}
	rm := &verifier.RewardModel{Model: reasoning.Model{Name: "v"}, Aggregator: verifier.AggregatorProd}
	good := file(t, example())
	for _, c := range []struct {
		name  string
		data  []byte // nil: no file
		err   string
		found bool
	}{
		{"good", good, "", true},
		{"bad", []byte("{"), path, true},
		{"corrected", good, "", true},
		{"of another format", []byte(`{"ponder_profile": 2}`), "run ponder calibrate again", true},
		{"removed", nil, "", false},
	} {
		if c.data != nil {
			if err := os.WriteFile(path, c.data, 0o600); err != nil {
				t.Fatal(err)
			}
		} else if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		for try := range 3 {
			err := d.Refresh()
			if (err != nil) != (c.err != "") || err != nil && !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s, refresh %d: error %v, want %q", c.name, try, err, c.err)
			}
		}
		if got := d.Store.For(policy, rm); (got != nil) != c.found {
			t.Errorf("%s: found %v, want %v", c.name, got != nil, c.found)
		}
	}
}
