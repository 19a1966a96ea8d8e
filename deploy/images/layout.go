package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/match"
	"github.com/google/go-containerregistry/pkg/v1/partial"
)

// write writes a layout with one index, named by tag, to dir. It replaces the layout in dir, and returns an error
// if dir holds anything else, or is a file.
func write(dir, tag string, index v1.ImageIndex) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is not a directory: choose another: %w", dir, err)
	}
	if len(entries) > 0 {
		if _, err := os.Stat(filepath.Join(dir, "oci-layout")); err != nil {
			return fmt.Errorf("%s is not empty and not an OCI layout: choose another directory: %w", dir, err)
		}
	}
	if err := os.RemoveAll(dir); err != nil {
		return fmt.Errorf("remove the previous layout: %w", err)
	}
	path, err := layout.Write(dir, empty.Index)
	if err != nil {
		return fmt.Errorf("write layout: %w", err)
	}
	name := map[string]string{"org.opencontainers.image.ref.name": tag}
	if err := path.AppendIndex(index, layout.WithAnnotations(name)); err != nil {
		return fmt.Errorf("write layout: %w", err)
	}
	return nil
}

// open returns the image of a platform in a layout.
func open(dir, platform string) (v1.Image, error) {
	wanted, err := v1.ParsePlatform(platform)
	if err != nil {
		return nil, err
	}
	outer, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		return nil, fmt.Errorf("open layout: %w", err)
	}
	manifest, err := outer.IndexManifest()
	if err != nil {
		return nil, fmt.Errorf("open layout: %w", err)
	}
	for _, m := range manifest.Manifests {
		index, err := outer.ImageIndex(m.Digest)
		if err != nil {
			return nil, fmt.Errorf("open index: %w", err)
		}
		images, err := partial.FindImages(index, match.Platforms(*wanted))
		if err != nil {
			return nil, fmt.Errorf("open image: %w", err)
		}
		if len(images) > 0 {
			return images[0], nil
		}
	}
	return nil, fmt.Errorf("layout %s has no image for %s", dir, platform)
}
