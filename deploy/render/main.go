// Command render writes what is generated from the chart: deploy/k8s and the chart's table
// of values.
//
//	render [write]                writes them
//	render chart [VALUES.yaml…]   prints the chart's objects with values, as helm template does
package main

import (
	"fmt"
	"os"
	"slices"
)

// Directories, relative to that of this module.
const (
	chartDir     = "../chart/ponder"
	kustomizeDir = "../k8s"
)

func main() {
	if err := run(os.Args[1:]); err != nil {
		fmt.Fprintln(os.Stderr, "render:", err)
		os.Exit(1)
	}
}

func run(args []string) error {
	c, err := load(chartDir)
	if err != nil {
		return err
	}
	switch {
	case len(args) == 0 || slices.Equal(args, []string{"write"}):
		t, err := kustomizeTree(c, kustomizeDir)
		if err != nil {
			return err
		}
		if err := t.save(kustomizeDir); err != nil {
			return err
		}
		return saveReadme(chartDir)
	case args[0] == "chart":
		values, err := readValues(args[1:]...)
		if err != nil {
			return err
		}
		objects, err := render(c, values)
		if err != nil {
			return err
		}
		output, err := text(objects...)
		if err != nil {
			return err
		}
		_, err = os.Stdout.Write(output)
		return err
	}
	return fmt.Errorf("unknown command %q: use write, or chart with files of values", args[0])
}
