package main

import (
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/random"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
)

// A layout is valid, names the index by its tag, and keeps its digest through a registry.
func TestLayoutGoesThroughARegistry(t *testing.T) {
	index := buildHello(t, helloRoot(t, time.Unix(1, 0)), source)
	dir := filepath.Join(t.TempDir(), "hello")
	for range 2 { // the second replaces the first
		if err := write(dir, "v1.2.3", index); err != nil {
			t.Fatal(err)
		}
	}
	outer, err := layout.ImageIndexFromPath(dir)
	if err != nil {
		t.Fatal(err)
	}
	manifest, err := outer.IndexManifest()
	if err != nil || len(manifest.Manifests) != 1 {
		t.Fatalf("got %v and %v, want one index", manifest, err)
	}
	entry := manifest.Manifests[0]
	if got := entry.Annotations["org.opencontainers.image.ref.name"]; got != "v1.2.3" {
		t.Errorf("the index is named %q, want its tag", got)
	}
	stored, err := outer.ImageIndex(entry.Digest)
	if err != nil {
		t.Fatal(err)
	}
	if err := validate.Index(stored); err != nil {
		t.Error(err)
	}
	server := httptest.NewServer(registry.New())
	defer server.Close()
	reference, err := name.ParseReference(strings.TrimPrefix(server.URL, "http://") + "/ponder/hello:v1.2.3")
	if err != nil {
		t.Fatal(err)
	}
	if err := remote.WriteIndex(reference, stored); err != nil {
		t.Fatal(err)
	}
	for _, platform := range platforms {
		image, err := remote.Image(reference, remote.WithPlatform(platform))
		if err != nil {
			t.Fatal(err)
		}
		if err := validate.Image(image); err != nil {
			t.Errorf("%s: %v", platform, err)
		}
		config, err := image.ConfigFile()
		if err != nil || config.Architecture != platform.Architecture {
			t.Errorf("%s: got architecture %q and %v", platform, config.Architecture, err)
		}
	}
	pulled, err := remote.Index(reference)
	if err != nil || digest(t, pulled) != digest(t, index) {
		t.Errorf("pulled %v and %v, want %v", digest(t, pulled), err, digest(t, index))
	}
	other := t.TempDir()
	if err := os.WriteFile(filepath.Join(other, "precious"), nil, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := write(other, "v1.2.3", index); err == nil {
		t.Error("a layout replaced a directory that is not one")
	}
}

// Only a layout is replaced: a directory of anything else, or a file, stays as it is.
func TestWriteKeepsWhatIsNoLayout(t *testing.T) {
	index, err := random.Index(64, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	foreign := t.TempDir()
	page := filepath.Join(foreign, "index.json") // as a web site has it
	if err := os.WriteFile(page, []byte(`{"manifests":[]}`), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{foreign, page} {
		if err := write(dir, "v1", index); err == nil {
			t.Errorf("write to %s: no error", dir)
		}
	}
	if _, err := os.Stat(page); err != nil {
		t.Errorf("what was there: %v", err)
	}
	dir := filepath.Join(t.TempDir(), "layout")
	for range 2 { // the second replaces the first
		if err := write(dir, "v1", index); err != nil {
			t.Errorf("write: %v", err)
		}
	}
}
