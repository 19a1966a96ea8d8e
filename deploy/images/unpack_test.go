package main

import (
	"archive/tar"
	"bytes"
	"crypto/x509"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

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
	out, err := exec.Command(filepath.Join(root, "usr/local/bin/hello")).CombinedOutput()
	if err != nil || string(out) != "hello v1.2.3\n" {
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
	err = unpack(dir, "linux/riscv64", filepath.Join(root, "other"))
	if err == nil || !strings.Contains(err.Error(), "riscv64") {
		t.Errorf("got %v, want an error that names the platform", err)
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
