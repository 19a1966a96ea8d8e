package backend

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

func TestFileSurvives(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	for i := range 3 {
		if err := s.Put(t.Context(), Item{fmt.Sprint("key", i%2), []byte{byte(i), 1, 2}}); err != nil {
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
	lines := bytes.SplitAfter(bytes.TrimPrefix(whole, []byte(header)), []byte("\n"))
	// Killed at any byte of the last line: what was stored before is there, and the
	// file goes on.
	for cut := len(header) + len(lines[0]) + len(lines[1]); cut <= len(whole); cut++ {
		if err := os.WriteFile(path, whole[:cut], 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, path)
		want := byte(0)
		if cut == len(whole) {
			want = 2
		}
		if got, ok, err := s.Get(t.Context(), "key0"); err != nil || !ok || got[0] != want {
			t.Fatalf("cut at %d: got %v, %t and error %v, want %d", cut, got, ok, err, want)
		}
		if err := s.Put(t.Context(), Item{"new", []byte("value")}); err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		s = open(t, path)
		if got, _, err := s.Get(t.Context(), "new"); string(got) != "value" {
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
	if err := s.Put(t.Context(), Item{"key", []byte("value")}); err != nil {
		t.Fatal(err)
	}
	whole, _ := os.ReadFile(path)
	if err := os.WriteFile(path, bytes.Replace(whole, []byte("key"), []byte("kez"), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	if got, _, err := s.Get(t.Context(), "key"); err == nil {
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
			if _, ok, err := s.Get(t.Context(), key); !ok || err != nil {
				t.Errorf("key %q: got %t and error %v, want it", key, ok, err)
			}
		}
		if err := errors.Join(s.Put(t.Context(), Item{"after", content}), s.Close()); err != nil {
			t.Fatal(err)
		}
		again := open(t, path)
		defer func() { _ = again.Close() }()
		if got, ok, err := again.Get(t.Context(), "after"); !ok || err != nil || !bytes.Equal(got, content) {
			t.Errorf("what was put then: got %q, %t and error %v, want %q", got, ok, err, content)
		}
	})
}

// A file that is not a store's is not written to, and not emptied.
func TestFileOfSomethingElse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "problems.jsonl")
	for name, content := range map[string]string{
		"lines":             `{"problem":"1+1","answer":"2"}` + "\n",
		"no line":           "my only copy",
		"no line of JSON":   `{"problem":"1+1","answer":"2"}`,
		"almost the header": header[:len(header)-2] + "x",
		"bytes":             "\x00\x01\x02",
	} {
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := OpenFile(path); err == nil || !strings.Contains(err.Error(), path) || !errors.Is(err, errNoStore) {
			t.Errorf("%s: error %v, want one that names the file and says that it is not a store", name, err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Errorf("%s: the file has %q and error %v, want it as it was", name, got, err)
		}
	}
}

// A process that was killed while it made the file leaves a part of the header.
func TestFileKilledAtItsBeginning(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	for cut := range len(header) {
		if err := os.WriteFile(path, []byte(header[:cut]), 0o600); err != nil {
			t.Fatal(err)
		}
		s := open(t, path)
		if err := errors.Join(s.Put(t.Context(), Item{"key", nil}), s.Close()); err != nil {
			t.Fatal(err)
		}
		if whole, _ := os.ReadFile(path); !bytes.HasPrefix(whole, []byte(header)) {
			t.Errorf("cut at %d: the file is %q", cut, whole)
		}
	}
}

// A file of an older version has no header. It can be read and written.
func TestFileOfAnOlderVersion(t *testing.T) {
	old, err := os.ReadFile("testdata/store-v0")
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "store")
	if err := os.WriteFile(path, old, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		s := open(t, path)
		m := Memo(fake{}, s, identity) // fails if it is called
		got, err := children(t.Context(), m, ask(2))
		if err != nil || len(got) != 2 {
			t.Errorf("got %d children and error %v, want 2 from the store", len(got), err)
		}
		if err := errors.Join(s.Put(t.Context(), Item{"new", []byte("value")}), s.Close()); err != nil {
			t.Fatal(err)
		}
	}
	if whole, _ := os.ReadFile(path); !bytes.HasPrefix(whole, old) {
		t.Error("the older lines were changed")
	}
}

// Only one File at a time has a file open, in all processes.
func TestFileIsLocked(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	s := open(t, path)
	if _, err := OpenFile(path); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "stop that process") {
		t.Errorf("opened twice in a process: got %v, want an error that names the file and the remedy", err)
	}
	if out := inAnotherProcess(t, "open", path); !strings.Contains(out, path+": it is open already") {
		t.Errorf("another process says %q, want that the file is in use", out)
	}
	if err := s.Put(t.Context(), Item{"key", []byte("value")}); err != nil {
		t.Errorf("after another has tried: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if out := inAnotherProcess(t, "open", path); out != "opened" {
		t.Errorf("another process says %q, want it to open the file that was closed", out)
	}
}

// On a full disk a File takes nothing more, keeps what it has, and can be opened again.
func TestFileOnAFullDisk(t *testing.T) {
	path := filepath.Join(t.TempDir(), "store")
	if out := inAnotherProcess(t, "fill", path); !strings.HasPrefix(out, "stored ") || !strings.HasSuffix(out, "file too large") {
		t.Fatalf("another process says %q, want how many items it stored, and then an error", out)
	} else if without := inAnotherProcess(t, "fill without a limit", path+".large"); without != "stored 100: <nil>" {
		t.Errorf("without a limit: %q, want all items stored", without)
	}
	s := open(t, path)
	defer func() { _ = s.Close() }()
	if len(s.lines) == 0 {
		t.Error("nothing was stored before the disk was full")
	}
	for key := range s.lines {
		if _, ok, err := s.Get(t.Context(), key); !ok || err != nil {
			t.Errorf("key %s: %t, %v", key, ok, err)
		}
	}
	if err := s.Put(t.Context(), Item{"new", nil}); err != nil {
		t.Errorf("when there is room again: %v", err)
	}
}

// inAnotherProcess runs one of the programs of TestAnotherProcess, and returns what it
// says.
func inAnotherProcess(t *testing.T, program, path string) string {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^TestAnotherProcess$")
	cmd.Env = append(os.Environ(), "PONDER_PROGRAM="+program, "PONDER_PATH="+path)
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	said, _, _ := strings.Cut(string(out), "\n")
	return said
}

// TestAnotherProcess runs the programs that other tests start as processes of their own.
func TestAnotherProcess(t *testing.T) {
	path := os.Getenv("PONDER_PATH")
	switch os.Getenv("PONDER_PROGRAM") {
	case "":
		t.Skip("runs only in a process that another test starts")
	case "open":
		s, err := OpenFile(path)
		if err != nil {
			fmt.Println(err)
			return
		}
		fmt.Println("opened")
		_ = s.Close()
	case "fill":
		limitFiles(t, 4096)
		fill(t, path)
	case "fill without a limit":
		fill(t, path)
	}
}

// fill stores a hundred items and prints how many a file took.
func fill(t *testing.T, path string) {
	s := open(t, path)
	stored := 0
	var failed error
	for i := range 100 {
		key, value := fmt.Sprint("key ", i), make([]byte, 100)
		err := s.Put(t.Context(), Item{key, value})
		if failed != nil && err != failed {
			fmt.Println("after an error the file takes more:", err)
		}
		failed = err
		_, ok, err := s.Get(t.Context(), key)
		if ok != (failed == nil) || err != nil {
			fmt.Println("put:", failed, "get:", ok, err)
		}
		if ok {
			stored++
		}
	}
	fmt.Printf("stored %d: %v\n", stored, failed)
	_ = s.Close()
}
