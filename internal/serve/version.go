package serve

import "runtime/debug"

// version is the version of a release, which the linker sets:
// -X github.com/ponder-mesh/ponder/internal/serve.version=v1.2.3.
var version string

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
	commit := ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = s.Value[:min(12, len(s.Value))]
		}
	}
	if info.Main.Version == "(devel)" && commit != "" {
		return commit
	}
	return info.Main.Version
}
