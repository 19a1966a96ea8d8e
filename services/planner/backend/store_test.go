package backend

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"pgregory.net/rapid"
)

func open(t interface{ Fatal(...any) }, path string) *File {
	s, err := OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// Every Store is a map.
func TestStores(t *testing.T) {
	for name, newStore := range map[string]func(t *testing.T) Store{
		"memory": func(*testing.T) Store { return NewMemory(1 << 30) },
		"file": func(t *testing.T) Store {
			f := open(t, filepath.Join(t.TempDir(), "store"))
			t.Cleanup(func() { _ = f.Close() })
			return f
		},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStore(t)
			model := map[string][]byte{}
			rapid.Check(t, func(t *rapid.T) {
				// JSON keys are text; values are any bytes.
				key := rapid.StringN(0, 3, -1).Draw(t, "key")
				if rapid.Bool().Draw(t, "put") {
					value := rapid.SliceOf(rapid.Byte()).Draw(t, "value")
					if err := s.Put(key, value); err != nil {
						t.Fatal(err)
					}
					model[key] = value
				}
				got, ok, err := s.Get(key)
				if want, wantOK := model[key]; err != nil || ok != wantOK || !bytes.Equal(got, want) {
					t.Fatalf("key %q: got %q, %t and error %v, want %q and %t", key, got, ok, err, want, wantOK)
				}
			})
			var all sync.WaitGroup
			for i := range 8 {
				all.Go(func() {
					key := fmt.Sprint("parallel ", i)
					for j := range 20 {
						want := []byte(strings.Repeat(key, j))
						if err := s.Put(key, want); err != nil {
							t.Error(err)
						}
						if got, _, err := s.Get(key); err != nil || !bytes.Equal(got, want) {
							t.Errorf("%s: got %q and error %v, want %q", key, got, err, want)
						}
					}
				})
			}
			all.Wait()
		})
	}
}

// A Memory forgets what was not used for longest, and stays within its bound.
func TestMemoryIsBounded(t *testing.T) {
	s := NewMemory(30)
	put := func(key string) {
		if err := s.Put(key, make([]byte, 9)); err != nil { // ten bytes with its key
			t.Fatal(err)
		}
	}
	has := func() (keys string) {
		for _, key := range []string{"a", "b", "c", "d"} {
			if _, ok := s.byKey[key]; ok {
				keys += key
			}
		}
		return keys
	}
	put("a")
	put("b")
	put("c")
	if _, ok, _ := s.Get("a"); !ok {
		t.Error("a is not there")
	}
	put("d")
	if got := has(); got != "acd" {
		t.Errorf("has %s, want acd: b was not used for longest", got)
	}
	put("d")
	if got := has(); got != "acd" || s.size != 30 {
		t.Errorf("after another value of d has %s and %d bytes, want acd and 30", got, s.size)
	}
	if err := s.Put("x", make([]byte, 99)); err != nil {
		t.Fatal(err)
	}
	if s.size != 0 || s.used.Len() != 0 {
		t.Errorf("holds %d bytes after what it cannot hold, want 0", s.size)
	}
}

func TestFileSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	for i := range 3 {
		if err := s.Put(fmt.Sprint("key", i%2), []byte{byte(i), 1, 2}); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.SplitAfter(whole, []byte("\n"))
	// Killed at any byte of the last line: what was stored before is there, and the
	// file goes on.
	for cut := len(lines[0]) + len(lines[1]); cut <= len(whole); cut++ {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, path)
		want := byte(0)
		if cut == len(whole) {
			want = 2
		}
		if got, ok, err := s.Get("key0"); err != nil || !ok || got[0] != want {
			t.Fatalf("cut at %d: got %v, %t and error %v, want %d", cut, got, ok, err, want)
		}
		if err := s.Put("new", []byte("value")); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, path)
		if got, _, err := s.Get("new"); string(got) != "value" {
			t.Fatalf("cut at %d: got %q and error %v, want what was put after it", cut, got, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
	// Damage anywhere else is an error that names the line, and changes nothing.
	for i := range len(whole) - len(lines[2]) {
		damaged := bytes.Clone(whole)
		damaged[i] ^= 4
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		wantLine := 1 + bytes.Count(whole[:i], []byte("\n"))
		_, err := OpenFile(path)
		if err == nil || !strings.Contains(err.Error(), fmt.Sprintf("line %d is corrupt", wantLine)) {
			t.Errorf("byte %d changed from %q: got error %v, want one that names line %d", i, whole[i], err, wantLine)
		}
		if after, _ := os.ReadFile(path); !bytes.Equal(after, damaged) {
			t.Fatal("a damaged file was changed")
		}
	}
}

// Damage under an open file is an error of Get, not another value.
func TestFileDamagedWhileOpen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	defer func() { _ = s.Close() }()
	if err := s.Put("key", []byte("value")); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(path)
	if err := os.WriteFile(path, bytes.Replace(whole, []byte("key"), []byte("kez"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Get("key"); err == nil {
		t.Errorf("got %q, want an error", got)
	}
	if _, err := OpenFile(filepath.Join(path, "below")); err == nil {
		t.Error("opened a file below a file")
	}
}

// A file either opens, and then holds what its lines say and takes more, or is
// refused.
func FuzzFile(f *testing.F) {
	l := line{Key: "k", Value: []byte("v")}
	f.Add([]byte(fmt.Sprintf(`{"key":"k","value":"dg==","sum":%d}`+"\n", l.sum())))
	f.Add([]byte(`{"key":"k","value":"dg==","sum":0}` + "\n"))
	f.Add([]byte("{}\n{"))
	f.Add([]byte(`{"key":`))
	f.Add([]byte("\n\n"))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, content []byte) {
		path := filepath.Join(t.TempDir(), "store")
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		s, err := OpenFile(path)
		if err != nil {
			return
		}
		defer func() { _ = s.Close() }()
		for key := range s.lines {
			if _, ok, err := s.Get(key); !ok || err != nil {
				t.Errorf("key %q: got %t and error %v, want it", key, ok, err)
			}
		}
		if err := s.Put("after", content); err != nil {
			t.Fatal(err)
		}
		again := open(t, path)
		defer func() { _ = again.Close() }()
		if got, ok, err := again.Get("after"); !ok || err != nil || !bytes.Equal(got, content) {
			t.Errorf("what was put then: got %q, %t and error %v, want %q", got, ok, err, content)
		}
	})
}

// A file of lines that are JSON but not a store's is not written to.
func TestFileOfSomethingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "problems.jsonl")
	if err := os.WriteFile(path, []byte(`{"problem":"1+1","answer":"2"}`+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenFile(path); err == nil || !strings.Contains(err.Error(), "line 1 is corrupt") {
		t.Errorf("error %v, want one that names line 1", err)
	}
}
