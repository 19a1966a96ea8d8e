package backend

import (
	"bytes"
	"fmt"
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
			s, ctx := newStore(t), t.Context()
			model := map[string][]byte{}
			rapid.Check(t, func(t *rapid.T) {
				// JSON keys are text; values are any bytes.
				key := rapid.StringN(0, 3, -1).Draw(t, "key")
				if rapid.Bool().Draw(t, "put") {
					value := rapid.SliceOf(rapid.Byte()).Draw(t, "value")
					if err := s.Put(ctx, Item{key, value}); err != nil {
						t.Fatal(err)
					}
					model[key] = value
				}
				got, ok, err := s.Get(ctx, key)
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
						if err := s.Put(ctx, Item{key, want}); err != nil {
							t.Error(err)
						}
						if got, _, err := s.Get(ctx, key); err != nil || !bytes.Equal(got, want) {
							t.Errorf("%s: got %q and error %v, want %q", key, got, err, want)
						}
					}
				})
			}
			all.Wait()
		})
	}
}
