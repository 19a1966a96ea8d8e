package main

import (
	"crypto/sha256"
	"fmt"
	"os"

	"github.com/ponder-mesh/ponder/services/planner/profile"
)

// readProfiles reads files of profiles and returns them with the digest of the files.
func readProfiles(paths []string) (profileStore *profile.Store, digest string, err error) {
	profileStore = &profile.Store{}
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
		profileStore.Put(path, p)
	}
	return profileStore, digestOf(all...), nil
}

// digestOf returns a digest of the contents of files, or "" if there are none.
func digestOf(data ...[]byte) string {
	if len(data) == 0 {
		return ""
	}
	h := sha256.New()
	for _, d := range data {
		fmt.Fprintf(h, "%d ", len(d))
		h.Write(d)
	}
	return fmt.Sprintf("%x", h.Sum(nil))
}
