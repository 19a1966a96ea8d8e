package serve

import (
	"cmp"
	"runtime/debug"
)

// version is the version of a release, which the linker sets:
// -X github.com/ponder-mesh/ponder/internal/serve.version=v1.2.3.
var version string

// revision is the commit of a release, which the linker sets as it does version.
var revision string

// Revision returns the commit of this build: what the linker set, or what Go recorded; "unknown" if neither is there.
func Revision() string { return cmp.Or(revision, recorded("vcs.revision"), "unknown") }

// Version returns the version of this build: what the linker set, the version of its module,
// or its commit.
func Version() string {
	if version != "" {
		return version
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	if commit := recorded("vcs.revision"); info.Main.Version == "(devel)" && commit != "" {
		return commit[:min(12, len(commit))]
	}
	return info.Main.Version
}

// recorded returns a setting of the build that Go has recorded in the binary, "" if there is none.
func recorded(key string) string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == key {
				return s.Value
			}
		}
	}
	return ""
}
