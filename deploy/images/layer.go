package main

import (
	"archive/tar"
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"path"
	"slices"
	"strings"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/tarball"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

// A File is a file or directory of a layer. Its time is the epoch, so that a layer's digest
// changes only with its content.
type File struct {
	Path      string // relative to the root
	Mode      int64
	Owner     int // user and group
	Content   []byte
	Directory bool
}

// newLayer returns a layer with the files, in the order of their paths, and with the
// directories above them.
func newLayer(files []File) (v1.Layer, error) {
	byPath := make(map[string]File)
	for _, f := range files {
		byPath[f.Path] = f
	}
	for _, f := range files {
		for dir := path.Dir(f.Path); dir != "."; dir = path.Dir(dir) {
			if _, ok := byPath[dir]; !ok {
				byPath[dir] = File{Path: dir, Mode: 0o755, Directory: true}
			}
		}
	}
	var archive bytes.Buffer
	writer := tar.NewWriter(&archive)
	var errs []error
	for _, name := range slices.SortedFunc(maps.Keys(byPath), compareParts) {
		f := byPath[name]
		header := &tar.Header{
			Name: f.Path, Mode: f.Mode, Uid: f.Owner, Gid: f.Owner, ModTime: time.Unix(0, 0).UTC(),
			Typeflag: tar.TypeReg, Size: int64(len(f.Content)), Format: tar.FormatPAX,
		}
		if f.Directory {
			header.Typeflag, header.Name = tar.TypeDir, f.Path+"/"
		}
		errs = append(errs, writer.WriteHeader(header))
		_, err := writer.Write(f.Content)
		errs = append(errs, err)
	}
	if err := errors.Join(append(errs, writer.Close())...); err != nil {
		return nil, fmt.Errorf("write layer: %w", err)
	}
	open := func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(archive.Bytes())), nil }
	return tarball.LayerFromOpener(open, tarball.WithMediaType(types.OCILayer), tarball.WithCompressedCaching)
}

// compareParts orders a directory before what is in it.
func compareParts(a, b string) int {
	return slices.Compare(strings.Split(a, "/"), strings.Split(b, "/"))
}
