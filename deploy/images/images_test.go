package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"encoding/json"
	"errors"
	"io"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/registry"
	v1 "github.com/google/go-containerregistry/pkg/v1"
	"github.com/google/go-containerregistry/pkg/v1/layout"
	"github.com/google/go-containerregistry/pkg/v1/remote"
	"github.com/google/go-containerregistry/pkg/v1/validate"
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
	if err := os.WriteFile(filepath.Join(dir, "go.mod"), []byte("module github.com/ponder-mesh/ponder\n\ngo 1.26.0\n"), 0o644); err != nil {
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

// The unpacked root has the binary, which runs and has its version, CA certificates that
// parse, the user, and a /tmp for all; nothing in it belongs to the user, except its home.
func TestRoot(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "layout")
	if err := write(dir, "v1.2.3", buildHello(t, helloRoot(t, time.Unix(1, 0)), source)); err != nil {
		t.Fatal(err)
	}
	root := filepath.Join(t.TempDir(), "root")
	if err := unpack(dir, "linux/"+runtime.GOARCH, root); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(filepath.Join(root, "usr/local/bin/hello")).CombinedOutput(); err != nil || string(out) != "hello v1.2.3\n" {
		t.Errorf("printed %q, error %v", out, err)
	}
	pem, err := os.ReadFile(filepath.Join(root, "etc/ssl/certs/ca-certificates.crt"))
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) || bytes.Count(pem, []byte("BEGIN CERTIFICATE")) < 100 {
		t.Errorf("%d CA certificates, want those of Mozilla", bytes.Count(pem, []byte("BEGIN CERTIFICATE")))
	}
	passwd, err := os.ReadFile(filepath.Join(root, "etc/passwd"))
	if err != nil || !strings.Contains(string(passwd), "nonroot:x:65532:65532:") {
		t.Errorf("/etc/passwd is %q, error %v", passwd, err)
	}
	if info, err := os.Stat(filepath.Join(root, "tmp")); err != nil || info.Mode() != os.ModeDir|os.ModeSticky|0o777 {
		t.Errorf("/tmp: got %v and %v", info, err)
	}
	if err := unpack(dir, "linux/"+runtime.GOARCH, root); err == nil {
		t.Error("unpacked into a directory that has files")
	}
	if err := unpack(dir, "linux/riscv64", filepath.Join(root, "other")); err == nil || !strings.Contains(err.Error(), "riscv64") {
		t.Errorf("got %v, want an error that names the platform", err)
	}
}

// A layer has sorted entries, each directory before its files, and no time.
func TestLayer(t *testing.T) {
	layer, err := newLayer([]File{
		{Path: "b/c", Mode: 0o644, Content: []byte("x")}, {Path: "a-b", Mode: 0o600}, {Path: "a", Directory: true, Mode: 0o700, Owner: 5},
		{Path: "a/z", Mode: 0o755},
	})
	if err != nil {
		t.Fatal(err)
	}
	content, err := layer.Uncompressed()
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for archive := tar.NewReader(content); ; {
		header, err := archive.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, header.Name)
		if !header.ModTime.Equal(time.Unix(0, 0)) || (header.Uid != 0) != (header.Name == "a/") || header.Uname != "" {
			t.Errorf("entry %+v has a time or a wrong owner", header)
		}
	}
	if diff := cmp.Diff(got, []string{"a/", "a/z", "a-b", "b/", "b/c"}); diff != "" {
		t.Errorf("entries (got before want):\n%s", diff)
	}
}

// An entry of a layer cannot be written outside the root.
func TestUnpackStaysInItsRoot(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "root"), 0o755); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(filepath.Join(dir, "root"))
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	header := &tar.Header{Name: "../outside", Typeflag: tar.TypeReg, Mode: 0o644}
	if err := unpackEntry(root, header, strings.NewReader("x")); err == nil {
		t.Error("wrote ../outside")
	}
	if _, err := os.Stat(filepath.Join(dir, "outside")); !os.IsNotExist(err) {
		t.Errorf("outside: %v", err)
	}
}

// A source is what was given, and else what the repository says.
func TestSource(t *testing.T) {
	none := func(string) (string, bool) { return "", false }
	epoch := func(key string) (string, bool) { return "1700000000", key == "SOURCE_DATE_EPOCH" }
	got, err := Source{Version: "v1.2.3", Revision: "abc"}.complete(t.Context(), t.TempDir(), epoch)
	if err != nil || got != source {
		t.Errorf("got %+v and %v, want %+v", got, err, source)
	}
	if _, err := (Source{Version: "v1.2.3", Revision: "abc"}).complete(t.Context(), t.TempDir(), none); err == nil {
		t.Error("a time without a repository and without SOURCE_DATE_EPOCH")
	}
	dir := t.TempDir()
	for _, args := range [][]string{
		{"init", "-q"}, {"-c", "user.name=t", "-c", "user.email=t@example.com", "commit", "-q", "--allow-empty", "-m", "one"}, {"tag", "v0.1.0"},
	} {
		command := exec.Command("git", args...)
		command.Dir, command.Env = dir, append(os.Environ(), "GIT_COMMITTER_DATE=1700000000 +0200")
		if out, err := command.CombinedOutput(); err != nil {
			t.Fatalf("git %q: %v\n%s", args, err, out)
		}
	}
	got, err = Source{}.complete(t.Context(), dir, none)
	if err != nil || got.Version != "v0.1.0" || len(got.Revision) != 40 || !got.Created.Equal(source.Created) {
		t.Errorf("got %+v and %v, want the tag, commit and time of the repository", got, err)
	}
}
