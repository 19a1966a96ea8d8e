package main

import (
	"encoding/json"
	"maps"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"helm.sh/helm/v3/pkg/chartutil"
)

// A schema is a part of values.schema.json with references resolved.
type schema struct {
	object
	root object
}

func readSchema(t *testing.T) schema {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(chartDir, "values.schema.json"))
	if err != nil {
		t.Fatal(err)
	}
	var root object
	if err := json.Unmarshal(text, &root); err != nil {
		t.Fatal(err)
	}
	return schema{root, root}
}

// property returns the schema of a key, and whether there is one.
func (s schema) property(key string) (schema, bool) {
	property, ok := s.at("properties", key).(map[string]any)
	if ref, is := property["$ref"].(string); is {
		property, ok = s.root.at("definitions", strings.TrimPrefix(ref, "#/definitions/")).(map[string]any)
	}
	return schema{property, s.root}, ok
}

// other returns a valid value that differs from value: an example, or the next one.
func (s schema) other(value any) any {
	for _, field := range []string{"examples", "enum"} {
		list, _ := s.at(field).([]any)
		for _, v := range list {
			if !reflect.DeepEqual(v, value) && v != "" {
				return v
			}
		}
	}
	switch v := value.(type) {
	case bool:
		return !v
	case float64:
		return v + 1
	}
	return nil
}

func TestSchemaHasEveryValueAndNoOther(t *testing.T) {
	root := readSchema(t)
	values, err := readTable(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{"global": true} // Helm's own
	for _, v := range values {
		s := root
		for i, key := range v.path {
			known[strings.Join(v.path[:i+1], ".")] = true
			var ok bool
			if s, ok = s.property(key); !ok {
				t.Errorf("the schema does not have %s", v.name())
				break
			}
		}
	}
	var walk func(path string, s schema)
	walk = func(path string, s schema) {
		properties, _ := s.at("properties").(map[string]any)
		if len(properties) > 0 && s.at("additionalProperties") != false {
			t.Errorf("the schema admits unknown values in %q", path)
		}
		for key := range properties {
			name := strings.TrimPrefix(path+"."+key, ".")
			if !known[name] {
				t.Errorf("the schema has %s, which values.yaml does not", name)
				continue
			}
			child, _ := s.property(key)
			if !slices.ContainsFunc(values, func(v value) bool { return v.name() == name }) {
				walk(name, child)
			}
		}
	}
	walk("", root)
}

// set returns values with one more, at a path.
func set(values map[string]any, path []string, value any) map[string]any {
	for _, key := range slices.Backward(path) {
		value = map[string]any{key: value}
	}
	return chartutil.MergeTables(value.(map[string]any), values)
}

// copyOf returns a deep copy of values, since Helm changes those that it is given.
func copyOf(t *testing.T, values map[string]any) (c map[string]any) {
	t.Helper()
	text, err := json.Marshal(values)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(text, &c); err != nil {
		t.Fatal(err)
	}
	return c
}

// Every value does something: in some variant, another value renders other objects, or is
// refused by a template's rule.
func TestEveryValueIsUsed(t *testing.T) {
	c, root, all := chartOf(t), readSchema(t), variants(t)
	rendered := map[string]string{}
	objects := func(values map[string]any) string {
		o, err := render(c, values)
		if err != nil {
			return err.Error()
		}
		content, err := text(o...)
		if err != nil {
			t.Fatal(err)
		}
		return string(content)
	}
	for name, values := range all {
		rendered[name] = objects(copyOf(t, values))
	}
	table, err := readTable(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range table {
		s := root
		for _, key := range v.path {
			s, _ = s.property(key)
		}
		used := false
		for _, name := range slices.Sorted(maps.Keys(all)) {
			var now any
			if err := v.node.Decode(&now); err != nil {
				t.Fatal(err)
			}
			if n, ok := now.(int); ok {
				now = float64(n)
			}
			other := s.other(now)
			if other == nil {
				t.Errorf("the schema has no example of another %s than %v", v.name(), now)
				break
			}
			got := objects(set(copyOf(t, all[name]), v.path, other))
			if strings.Contains(got, "don't meet the specifications") {
				t.Errorf("%s: %v is refused: %s", v.name(), other, got)
				break
			}
			if got != rendered[name] {
				used = true
				break
			}
		}
		if !used {
			t.Errorf("%s is not used: no other value changes any object", v.name())
		}
	}
}
