package main

import (
	"os"

	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// readProfiles reads files of profiles, and says by a digest which.
func readProfiles(paths []string) (shelf *profile.Shelf, digest string, err error) {
	shelf = &profile.Shelf{}
	var all [][]byte
	for _, path := range paths {
		p, err := profile.Load(path)
		if err != nil {
			return nil, "", err
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, "", err
		}
		all = append(all, data)
		shelf.Put(path, p)
	}
	return shelf, digestOf(all...), nil
}
