package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/empty"
	"github.com/google/go-containerregistry/pkg/v1/mutate"
	"github.com/google/go-containerregistry/pkg/v1/types"
)

const repository = "https://github.com/ponder-mesh/ponder"

// A Built is the image of a program: an index of one image for each platform.
type Built struct {
	Program
	index v1.ImageIndex
}

// build compiles the programs and assembles their images.
func build(
	ctx context.Context, root string, programs []Program, platforms []v1.Platform, source Source,
) ([]Built, error) {
	temp, err := os.MkdirTemp("", "images-")
	if err != nil {
		return nil, fmt.Errorf("make a directory for binaries: %w", err)
	}
	defer os.RemoveAll(temp)
	built := make([]Built, len(programs))
	for i, p := range programs {
		index := mutate.IndexMediaType(empty.Index, types.OCIImageIndex)
		built[i] = Built{p, mutate.Annotations(index, annotations(p, source)).(v1.ImageIndex)}
	}
	files, err := baseFiles()
	if err != nil {
		return nil, err
	}
	base, err := newLayer(files)
	if err != nil {
		return nil, err
	}
	for _, platform := range platforms {
		binaries, err := compileAll(ctx, root, temp, programs, platform, source)
		if err != nil {
			return nil, err
		}
		for i, p := range programs {
			binary, err := os.ReadFile(filepath.Join(binaries, p.Name))
			if err != nil {
				return nil, fmt.Errorf("read binary: %w", err)
			}
			image, err := assemble(p, source, platform, base, binary)
			if err != nil {
				return nil, fmt.Errorf("image %s for %s: %w", p.Name, platform, err)
			}
			built[i].index = mutate.AppendManifests(built[i].index, mutate.IndexAddendum{
				Add: image, Descriptor: v1.Descriptor{Platform: &platform},
			})
		}
	}
	return built, nil
}

// assemble returns the image of a program for a platform.
func assemble(p Program, source Source, platform v1.Platform, base v1.Layer, binary []byte) (v1.Image, error) {
	file := "usr/local/bin/" + p.Name
	layer, err := newLayer([]File{{Path: file, Mode: 0o755, Content: binary}})
	if err != nil {
		return nil, err
	}
	image := mutate.ConfigMediaType(mutate.MediaType(empty.Image, types.OCIManifestSchema1), types.OCIConfigJSON)
	config := v1.ConfigFile{
		OS: platform.OS, Architecture: platform.Architecture, Created: v1.Time{Time: source.Created},
		RootFS: v1.RootFS{Type: "layers"},
		Config: v1.Config{
			User:       fmt.Sprintf("%[1]d:%[1]d", nonroot),
			Entrypoint: []string{"/" + file},
			Env:        []string{"PATH=/usr/local/bin:/usr/bin:/bin"},
			WorkingDir: "/",
			StopSignal: "SIGTERM",
			Labels:     annotations(p, source),
		},
	}
	if len(p.Ports) > 0 {
		config.Config.ExposedPorts = make(map[string]struct{})
		for _, port := range p.Ports {
			config.Config.ExposedPorts[port] = struct{}{}
		}
	}
	if image, err = mutate.ConfigFile(image, &config); err != nil {
		return nil, err
	}
	history := func(what string) v1.History {
		return v1.History{Created: v1.Time{Time: source.Created}, CreatedBy: "deploy/images", Comment: what}
	}
	if image, err = mutate.Append(image,
		mutate.Addendum{Layer: base, History: history("CA certificates and users")},
		mutate.Addendum{Layer: layer, History: history("/" + file)},
	); err != nil {
		return nil, err
	}
	return mutate.Annotations(image, annotations(p, source)).(v1.Image), nil
}

// annotations returns the labels of the OCI image specification.
func annotations(p Program, source Source) map[string]string {
	return map[string]string{
		"org.opencontainers.image.title":       p.Title,
		"org.opencontainers.image.description": p.Description,
		"org.opencontainers.image.licenses":    p.Licenses,
		"org.opencontainers.image.source":      repository,
		"org.opencontainers.image.version":     source.Version,
		"org.opencontainers.image.revision":    source.Revision,
		"org.opencontainers.image.created":     source.Created.Format(time.RFC3339),
	}
}

// describe returns a line with an image's name, its digest and the compressed size of each
// platform.
func describe(b Built) (string, error) {
	digest, err := b.index.Digest()
	if err != nil {
		return "", err
	}
	row := b.Name + "\t" + digest.String()
	manifest, err := b.index.IndexManifest()
	if err != nil {
		return "", err
	}
	for _, m := range manifest.Manifests {
		image, err := b.index.Image(m.Digest)
		if err != nil {
			return "", err
		}
		layers, err := image.Layers()
		if err != nil {
			return "", err
		}
		var size int64
		for _, l := range layers {
			n, err := l.Size()
			if err != nil {
				return "", err
			}
			size += n
		}
		row += fmt.Sprintf("\t%s %.1f MB", m.Platform, float64(size)/1e6)
	}
	return row, nil
}
