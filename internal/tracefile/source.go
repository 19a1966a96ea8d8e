package tracefile

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// A Source is a file of spans, which can be read several times.
type Source struct {
	Name string
	Open func() (io.ReadCloser, error)
}

// extensions are those of the files that are read of a directory.
var extensions = []string{".json", ".jsonl", ".ndjson"}

// Files returns the sources of paths: files, and directories, of which those files are read whose names end with .json,
// .jsonl or .ndjson. A file that two paths name is read once.
func Files(paths ...string) ([]Source, error) {
	var sources []Source
	var seen []os.FileInfo
	add := func(path string, info os.FileInfo) {
		if slices.ContainsFunc(seen, func(other os.FileInfo) bool { return os.SameFile(info, other) }) {
			return
		}
		seen = append(seen, info)
		sources = append(sources, Source{path, func() (io.ReadCloser, error) { return os.Open(path) }})
	}
	for _, path := range paths {
		info, err := os.Stat(path)
		if err != nil {
			return nil, err
		}
		if !info.IsDir() {
			add(path, info)
			continue
		}
		entries, err := os.ReadDir(path)
		if err != nil {
			return nil, err
		}
		found := false
		for _, e := range entries {
			if !slices.Contains(extensions, filepath.Ext(e.Name())) {
				continue
			}
			file := filepath.Join(path, e.Name())
			info, err := os.Stat(file)
			if err != nil {
				return nil, err
			}
			if info.Mode().IsRegular() {
				found = true
				add(file, info)
			}
		}
		if !found {
			return nil, fmt.Errorf("%s: has no files whose names end with %s", path, strings.Join(extensions, ", "))
		}
	}
	return sources, nil
}

// readAll calls each with every span of all sources.
func readAll(sources []Source, each func(*Span)) (all Tally, err error) {
	for _, s := range sources {
		tally, err := s.read(each)
		if err != nil {
			return all, fmt.Errorf("%s: %w", s.Name, err)
		}
		all.Files++
		all.Spans += tally.Spans
		all.Foreign += tally.Foreign
		all.Cut = all.Cut || tally.Cut
	}
	return all, nil
}

func (s Source) read(each func(*Span)) (tally Tally, err error) {
	file, err := s.Open()
	if err != nil {
		return tally, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	return Read(file, each)
}
