package serve

import "runtime/debug"

// Version returns the version of this build: of its module, or its commit.
func Version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	version, commit := info.Main.Version, ""
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			commit = s.Value[:min(12, len(s.Value))]
		}
	}
	if version == "(devel)" && commit != "" {
		return commit
	}
	return version
}
