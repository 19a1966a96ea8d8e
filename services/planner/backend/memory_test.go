package backend

import "testing"

// A Memory forgets what was not used for longest, and stays within its bound.
func TestMemoryIsBounded(t *testing.T) {
	s := NewMemory(30)
	put := func(key string) {
		if err := s.Put(t.Context(), Item{key, make([]byte, 9)}); err != nil { // ten bytes with its key
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
	if _, ok, _ := s.Get(t.Context(), "a"); !ok {
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
	if err := s.Put(t.Context(), Item{"x", make([]byte, 99)}); err != nil {
		t.Fatal(err)
	}
	if s.size != 0 || s.used.Len() != 0 {
		t.Errorf("holds %d bytes after what it cannot hold, want 0", s.size)
	}
}
