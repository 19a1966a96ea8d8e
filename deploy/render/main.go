// Command render writes what is generated from the chart: deploy/k8s and the chart's table
// of values.
//
//	render [write]                writes them
//	render chart [VALUES.yaml…]   prints the chart's objects with values, as helm template does
package main

import (
	"fmt"
	"os"
	"path/filepath"
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

// save writes the tree into dir, where it replaces all files but values.yaml.
func (t tree) save(dir string) error {
	old, err := generatedFiles(dir)
	if err != nil {
		return err
	}
	for _, file := range old {
		if _, ok := t[file]; !ok {
			if err := os.Remove(filepath.Join(dir, file)); err != nil {
				return err
			}
		}
	}
	for file, content := range t {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generatedFiles returns the files in dir, relative to it, but for values.yaml.
func generatedFiles(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "values.yaml" {
			return err
		}
		file, err := filepath.Rel(dir, path)
		files = append(files, filepath.ToSlash(file))
		return err
	})
	return files, err
}
