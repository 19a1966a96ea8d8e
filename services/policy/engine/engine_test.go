package engine

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"testing"
)

// The settings that the messages of a failing model server name, as docs/operations.md has
// them, are flags and variables of this package.
func TestRemediesNameSettings(t *testing.T) {
	settings := map[string]bool{KeyVariable: true}
	fields := reflect.TypeFor[Config]()
	for i := range fields.NumField() {
		tag := fields.Field(i).Tag
		settings["--"+tag.Get("name")], settings[tag.Get("env")] = true, true
	}
	text, err := os.ReadFile(filepath.Join("..", "..", "..", "docs", "operations.md"))
	if err != nil {
		t.Fatal(err)
	}
	section := regexp.MustCompile(`(?s)<!-- model server:.*?<!-- end -->`).Find(text)
	named := regexp.MustCompile(`--policy-[a-z-]+|PONDER_[A-Z_]+`).FindAllString(string(section), -1)
	found := map[string]bool{}
	for _, name := range named {
		found[name] = true
		if !settings[name] {
			t.Errorf("a message names %s, which is no setting", name)
		}
	}
	for _, name := range []string{"--policy-url", "--policy-model", "--policy-template", KeyVariable} {
		if !found[name] {
			t.Errorf("no message names %s", name)
		}
	}
}
