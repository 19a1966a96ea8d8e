// Package evidence reads and writes records of measurements, and copies their figures into the documents
// that quote them.
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

// A Record is a measurement that documents quote, with the command that repeats it. Its file is
// docs/evidence/NAME.json.
type Record struct {
	Name    string         `json:"name"` // of lower-case letters, digits and dashes
	What    string         `json:"what"`
	Command string         `json:"command"` // that makes the file
	Date    string         `json:"date,omitempty"`
	Commit  string         `json:"commit,omitempty"`
	Seeds   []uint64       `json:"seeds"`
	Models  []Identity     `json:"models"`
	Samples map[string]int `json:"samples"` // numbers by name, such as {"problems": 200}
	Results any            `json:"results"`
}

var recordName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]*$`)

// validate returns an error for the first field that breaks a rule.
func (e Record) validate() error {
	switch {
	case !recordName.MatchString(e.Name):
		return fmt.Errorf("name %q: must be of lower-case letters, digits and dashes", e.Name)
	case e.What == "":
		return fmt.Errorf("what: must not be empty: say what was measured")
	case e.Command == "":
		return fmt.Errorf("command: must not be empty: give the command that makes the file")
	case e.Results == nil:
		return fmt.Errorf("results: must not be null")
	}
	return nil
}

// Write writes e to path, whose base must be NAME.json, and creates its directory. The bytes depend on e only:
// keys are in a fixed order. The file is replaced atomically.
func (e Record) Write(path string) error {
	err := e.validate()
	if err == nil && filepath.Base(path) != e.Name+".json" {
		err = fmt.Errorf("name %q does not match the file: name it %s.json", e.Name, e.Name)
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

// Read reads a record from its file. Results are plain JSON values, with numbers as json.Number.
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
		err = fmt.Errorf("name %q does not match the file: name it %s.json", e.Name, e.Name)
	}
	if err != nil {
		return e, fmt.Errorf("evidence %s: %w", path, err)
	}
	return e, nil
}
