package main

import (
	"fmt"
	"runtime/debug"
)

type versionCmd struct{}

// version is this build's: a module version, or a commit.
func version() string {
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

// Run prints it.
func (*versionCmd) Run(out *output) error {
	if out.json {
		return out.value(map[string]string{"version": version()})
	}
	fmt.Println("ponder", version())
	return nil
}
