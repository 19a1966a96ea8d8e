// Package evidence reads and writes recorded measurements, and fills the documents that
// quote them.
package evidence

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
)

// A Record is a measurement that documents may quote: what was measured, the command that
// measures it, and the results. Its file is docs/evidence/NAME.json.
type Record struct {
	Name    string         `json:"name"` // lower case letters, digits and dashes
	What    string         `json:"what"`
	Command string         `json:"command"` // re-makes the file
	Date    string         `json:"date,omitempty"`
	Commit  string         `json:"commit,omitempty"`
	Seeds   []uint64       `json:"seeds"`
	Models  []Identity     `json:"models"`
	Samples map[string]int `json:"samples"` // of what, how many: {"problems": 200}
	Results any            `json:"results"`
}

// An Identity identifies a model by a digest of its file.
type Identity struct {
	Name   string `json:"name"`
	SHA256 string `json:"sha256"`
	Params int64  `json:"params"`
}

var evidenceName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

func (e Record) validate() error {
	switch {
	case !evidenceName.MatchString(e.Name):
		return fmt.Errorf("name %q: want lower case letters, digits and dashes", e.Name)
	case e.What == "":
		return fmt.Errorf("what: empty")
	case e.Command == "":
		return fmt.Errorf("command: empty")
	case e.Results == nil:
		return fmt.Errorf("results: missing")
	}
	return nil
}

// Write writes e to path, whose base must be NAME.json, and makes its folder. Equal records
// give equal bytes: keys are in fixed order. The file is replaced at once, so a reader
// never sees a part of it.
func (e Record) Write(path string) error {
	err := e.validate()
	if err == nil && filepath.Base(path) != e.Name+".json" {
		err = fmt.Errorf("name %q does not match the file", e.Name)
	}
	if err != nil {
		return fmt.Errorf("evidence %s: %w", path, err)
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	if err := enc.Encode(e); err != nil {
		return fmt.Errorf("evidence %s: %w", path, err)
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	if err := replaceFile(path, b.Bytes()); err != nil {
		return fmt.Errorf("evidence: %w", err)
	}
	return nil
}

// Read reads what Write wrote. Results are plain JSON values, with
// numbers as written (json.Number).
func Read(path string) (Record, error) {
	var e Record
	data, err := os.ReadFile(path)
	if err != nil {
		return e, fmt.Errorf("evidence: %w", err)
	}
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	dec.DisallowUnknownFields()
	if err = dec.Decode(&e); err == nil {
		err = e.validate()
	}
	if err == nil && e.Name != strings.TrimSuffix(filepath.Base(path), ".json") {
		err = fmt.Errorf("name %q does not match the file", e.Name)
	}
	if err != nil {
		return e, fmt.Errorf("evidence %s: %w", path, err)
	}
	return e, nil
}

// replaceFile writes data beside path and renames it to path, with path's mode.
func replaceFile(path string, data []byte) error {
	mode := os.FileMode(0o644)
	if info, err := os.Stat(path); err == nil {
		mode = info.Mode().Perm()
	}
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(data)
	if err == nil {
		err = f.Chmod(mode)
	}
	if closing := f.Close(); err == nil {
		err = closing
	}
	if err != nil {
		return err
	}
	return os.Rename(f.Name(), path)
}
