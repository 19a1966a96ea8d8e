package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	v1 "github.com/google/go-containerregistry/pkg/v1"
)

// hello is the program of testdata/hello.
var hello = Program{
	Name: "hello", Package: "./cmd/hello", Module: ".", Title: "Hello", Description: "Prints hello",
	Licenses: "Apache-2.0", Ports: []string{"1/tcp"},
}

var (
	source    = Source{Version: "v1.2.3", Revision: "abc", Created: time.Unix(1_700_000_000, 0).UTC()}
	platforms = []v1.Platform{{OS: "linux", Architecture: "amd64"}, {OS: "linux", Architecture: "arm64"}}
)

// helloRoot returns a new directory with the source of hello, and with its time.
func helloRoot(t *testing.T, modified time.Time) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "hello")
	if err := os.CopyFS(dir, os.DirFS("testdata/hello")); err != nil {
		t.Fatal(err)
	}
	module := []byte("module github.com/ponder-mesh/ponder\n\ngo 1.26.0\n")
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), module, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "cmd/hello/main.go"), modified, modified); err != nil {
		t.Fatal(err)
	}
	return dir
}

func buildHello(t *testing.T, root string, s Source) v1.ImageIndex {
	t.Helper()
	built, err := build(t.Context(), root, []Program{hello}, platforms, s)
	if err != nil {
		t.Fatal(err)
	}
	return built[0].index
}

func digest(t *testing.T, of interface{ Digest() (v1.Hash, error) }) v1.Hash {
	t.Helper()
	d, err := of.Digest()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// Two builds, in different directories, of files of different times, under different Go
// settings of the user, have one digest; another version, commit or time is another image.
func TestBuildsAreReproducible(t *testing.T) {
	root := helloRoot(t, time.Unix(1, 0))
	first := buildHello(t, root, source)
	t.Setenv("GOFLAGS", "-race -tags=other")
	t.Setenv("GOAMD64", "v3")
	if second := buildHello(t, helloRoot(t, time.Unix(2e9, 0)), source); digest(t, first) != digest(t, second) {
		t.Errorf("two builds differ: %v and %v", digest(t, first), digest(t, second))
	}
	for name, other := range map[string]Source{
		"version":  {"v1.2.4", source.Revision, source.Created},
		"revision": {source.Version, "abd", source.Created},
		"time":     {source.Version, source.Revision, source.Created.Add(time.Second)},
	} {
		if second := buildHello(t, root, other); digest(t, first) == digest(t, second) {
			t.Errorf("another %s has the same digest", name)
		}
	}
}

// An image runs as a user that is not root, without a shell, and says what it is made from.
func TestConfig(t *testing.T) {
	index := buildHello(t, helloRoot(t, time.Unix(1, 0)), source)
	manifest, err := index.IndexManifest()
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range manifest.Manifests {
		image, err := index.Image(m.Digest)
		if err != nil {
			t.Fatal(err)
		}
		config, err := image.RawConfigFile()
		if err != nil {
			t.Fatal(err)
		}
		var got struct {
			Created string
			Config  struct {
				User                  string
				Entrypoint, Cmd       []string
				WorkingDir            string
				StopSignal            string
				Labels                map[string]string
				ExposedPorts, Volumes map[string]any
			}
		}
		if err := json.Unmarshal(config, &got); err != nil {
			t.Fatal(err)
		}
		if got.Created != "2023-11-14T22:13:20Z" {
			t.Errorf("created %s, want the time of the commit", got.Created)
		}
		c := got.Config
		if c.User != "65532:65532" || c.WorkingDir != "/" || c.StopSignal != "SIGTERM" {
			t.Errorf("config is %+v", c)
		}
		if diff := cmp.Diff(append(c.Entrypoint, c.Cmd...), []string{"/usr/local/bin/hello"}); diff != "" {
			t.Errorf("command (got before want):\n%s", diff)
		}
		if _, ok := c.ExposedPorts["1/tcp"]; !ok || len(c.Volumes) > 0 {
			t.Errorf("ports are %v and volumes %v", c.ExposedPorts, c.Volumes)
		}
		inner, err := image.Manifest()
		if err != nil {
			t.Fatal(err)
		}
		for _, labels := range []map[string]string{c.Labels, inner.Annotations, manifest.Annotations} {
			if labels["org.opencontainers.image.version"] != "v1.2.3" || labels["org.opencontainers.image.revision"] != "abc" {
				t.Errorf("labels are %v, want version and revision", labels)
			}
		}
	}
}
