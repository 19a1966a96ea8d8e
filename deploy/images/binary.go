package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// Variables of the product that have its version and its commit.
const (
	versionVariable  = "github.com/ponder-mesh/ponder/internal/serve.version"
	revisionVariable = "github.com/ponder-mesh/ponder/internal/serve.revision"
)

// compile builds static binaries of packages of one module for a platform, into directory
// out. The result depends on the source, its version and commit, and the Go release alone: not on paths,
// the user's Go settings, the workspace or the state of the repository.
func compile(ctx context.Context, module, out string, platform v1.Platform, source Source, packages ...string) error {
	link := "-s -w -buildid= -X " + versionVariable + "=" + source.Version + " -X " + revisionVariable + "=" + source.Revision
	args := []string{"build", "-trimpath", "-buildvcs=false", "-mod=readonly", "-ldflags", link, "-o", out + "/"}
	command := exec.CommandContext(ctx, "go", append(args, packages...)...)
	command.Dir = module
	command.Env = append(withoutGo(os.Environ()),
		"CGO_ENABLED=0", "GOOS="+platform.OS, "GOARCH="+platform.Architecture, "GOWORK=off")
	var output bytes.Buffer
	command.Stdout, command.Stderr = &output, &output
	if err := command.Run(); err != nil {
		return fmt.Errorf("build %s for %s: %w\n%s", strings.Join(packages, " "), platform, err, &output)
	}
	return nil
}

// withoutGo returns the environment without variables that change what the Go command
// builds; those for proxies and caches stay.
func withoutGo(environment []string) []string {
	return slices.DeleteFunc(slices.Clone(environment), func(v string) bool {
		name, _, _ := strings.Cut(v, "=")
		switch name {
		case "GOFLAGS", "GOEXPERIMENT", "GOAMD64", "GOARM64", "GODEBUG", "GOFIPS140":
			return true
		}
		return false
	})
}

// compileAll builds the programs for a platform and returns the directory of the binaries.
func compileAll(
	ctx context.Context, root, temp string, programs []Program, platform v1.Platform, source Source,
) (string, error) {
	out := filepath.Join(temp, platform.OS+"-"+platform.Architecture)
	packages := make(map[string][]string) // by module
	for _, p := range programs {
		packages[p.Module] = append(packages[p.Module], p.Package)
	}
	for module, packages := range packages {
		if err := compile(ctx, filepath.Join(root, module), out, platform, source, packages...); err != nil {
			return "", err
		}
	}
	return out, nil
}
