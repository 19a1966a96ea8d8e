package main

import "github.com/ponder-mesh/ponder/services/planner/backend"

// openStore opens a file of recorded results, or memory where the path is empty. The
// function that it returns closes it.
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

// emptyStore is a store that holds nothing: everything is generated and scored anew.
type emptyStore struct{}

func (emptyStore) Get(string) ([]byte, bool, error) { return nil, false, nil }
func (emptyStore) Put(string, []byte) error         { return nil }
