//go:build !unix

package backend

import "os"

// lock locks nothing on this system: an operator must give each process its own file.
func lock(*os.File) (bool, error) { return true, nil }
