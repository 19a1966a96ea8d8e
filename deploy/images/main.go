// Command images assembles Ponder's container images from scratch, as OCI layouts, without a
// daemon: a static binary, CA certificates and a user for each, for each architecture.
//
// An image is a function of the source, its version and the Go release: it has no time but
// that of the commit, so two builds have the same digests. The module is outside the
// workspace, so that its dependencies are not the product's.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"text/tabwriter"

	v1 "github.com/google/go-containerregistry/pkg/v1"
)

const usage = `Usage:
  images build [flags] [NAME…]         build the images, or those with these names, and print their digests
  images unpack LAYOUT PLATFORM DIR    write the root file system of an image, such as of linux/amd64, into DIR

Flags of build:
`

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "images:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string) error {
	flags := flag.NewFlagSet("images build", flag.ContinueOnError)
	flags.Usage = func() {
		fmt.Fprint(flags.Output(), usage)
		flags.PrintDefaults()
	}
	root := flags.String("root", "../..", "`directory` of the repository")
	out := flags.String("out", "../../out/images", "`directory` of the layouts, one for each image")
	platforms := flags.String("platforms", "linux/amd64,linux/arm64", "`platforms`, separated by commas")
	var source Source
	flags.StringVar(&source.Version, "version", "", "`version` of the product; default: git describe")
	flags.StringVar(&source.Revision, "revision", "", "`commit` of the source; default: that of the repository")
	if len(args) == 0 {
		flags.Usage()
		return flag.ErrHelp
	}
	if args[0] == "unpack" && len(args) == 4 {
		return unpack(args[1], args[2], args[3])
	}
	if args[0] != "build" {
		flags.Usage()
		return fmt.Errorf("%q is not a command with these arguments", strings.Join(args, " "))
	}
	if err := flags.Parse(args[1:]); err != nil {
		return err
	}
	programs, err := find(flags.Args())
	if err != nil {
		return err
	}
	if source, err = source.complete(ctx, *root, os.LookupEnv); err != nil {
		return err
	}
	var parsed []v1.Platform
	for p := range strings.SplitSeq(*platforms, ",") {
		platform, err := v1.ParsePlatform(p)
		if err != nil {
			return fmt.Errorf("-platforms: %w", err)
		}
		parsed = append(parsed, *platform)
	}
	built, err := build(ctx, *root, programs, parsed, source)
	if err != nil {
		return err
	}
	table := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', 0)
	for _, b := range built {
		if err := write(filepath.Join(*out, b.Name), strings.TrimPrefix(source.Version, "v"), b.index); err != nil {
			return err
		}
		row, err := describe(b)
		if err != nil {
			return err
		}
		fmt.Fprintln(table, row)
	}
	return table.Flush()
}

// find returns the programs whose images have these names; without names, those of a release.
func find(names []string) ([]Program, error) {
	if len(names) == 0 {
		return slices.DeleteFunc(slices.Clone(programs), func(p Program) bool { return p.Test }), nil
	}
	var found []Program
	for _, name := range names {
		i := slices.IndexFunc(programs, func(p Program) bool { return p.Name == name })
		if i < 0 {
			return nil, fmt.Errorf("image %q does not exist: see programs in program.go", name)
		}
		found = append(found, programs[i])
	}
	return found, nil
}
