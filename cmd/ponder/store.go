package main

import (
	"context"

	"github.com/ponder-mesh/ponder/services/planner/backend"
)

// openStore opens a file of recorded results, or a store in memory if path is empty. It
// also returns the function that closes the store.
func openStore(path string) (backend.Store, func() error, error) {
	if path == "" {
		return backend.NewMemory(256 << 20), func() error { return nil }, nil
	}
	file, err := backend.OpenFile(path)
	if err != nil {
		return nil, nil, err
	}
	return file, file.Close, nil
}

// An emptyStore is a Store that keeps nothing, so that every result is generated and
// scored anew.
type emptyStore struct{}

func (emptyStore) Get(context.Context, string) ([]byte, bool, error) { return nil, false, nil }
func (emptyStore) Put(context.Context, ...backend.Item) error        { return nil }
