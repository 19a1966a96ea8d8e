package main

import (
	"archive/tar"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A layer has sorted entries, each directory before its files, and no time.
func TestLayer(t *testing.T) {
	layer, err := newLayer([]File{
		{Path: "b/c", Mode: 0o644, Content: []byte("x")}, {Path: "a-b", Mode: 0o600},
		{Path: "a", Directory: true, Mode: 0o700, Owner: 5}, {Path: "a/z", Mode: 0o755},
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
