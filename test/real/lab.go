//go:build real

package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

const seed = 20261122

// A lab holds the state that the parts share.
type lab struct {
	options
	store   *backend.File // results of earlier runs
	servers []*server
	models  []evidence.Identity
}

// openLab opens the cache, in which fetch.sh has put its files.
func openLab(o options) (*lab, error) {
	for _, file := range []string{"llama-server", qwenFile} {
		if _, err := os.Stat(filepath.Join(o.cache, file)); err != nil {
			return nil, fmt.Errorf("%w: run test/real/fetch.sh all", err)
		}
	}
	// Renaming the file would invalidate existing caches.
	store, err := backend.OpenFile(filepath.Join(o.cache, "real-said.jsonl"))
	return &lab{options: o, store: store}, err
}

func (l *lab) close() {
	for _, s := range l.servers {
		s.stop()
	}
	l.store.Close()
}

// digest returns the SHA-256 of a file in hex.
func digest(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// backend returns a backend of the policy and the verifier, which may be nil. The store
// records its results.
func (l *lab) backend(
	ctx context.Context, p policy.Policy, v verifier.Verifier,
) (search.Backend, backend.Identity, error) {
	id := backend.Identity{Tenant: "real"}
	model, err := p.Model(ctx)
	if err != nil {
		return nil, id, err
	}
	id.Policy = model.Model
	if v != nil {
		if id.RewardModel, err = v.RewardModel(ctx); err != nil {
			return nil, id, err
		}
	}
	return backend.Memo(backend.Retry(pair{p, v}, backend.Backoff{}), l.store, id), id, nil
}
