package main

import (
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// An operation is one of a JSON patch (RFC 6902).
type operation struct {
	Op    string `json:"op"`
	Path  string `json:"path"`
	Value any    `json:"value,omitempty"`
}

// diff returns the operations that change a into b, at a path. Lists of maps of the same
// length are compared by element; other lists are replaced.
func diff(path string, a, b any) (operations []operation) {
	if reflect.DeepEqual(a, b) {
		return nil
	}
	switch b := b.(type) {
	case map[string]any:
		if a, ok := a.(map[string]any); ok {
			return diffMaps(path, a, b)
		}
	case []any:
		a, ok := a.([]any)
		if !ok || len(a) != len(b) || len(b) == 0 {
			break
		}
		if _, ok := b[0].(map[string]any); !ok {
			break
		}
		for i := range b {
			operations = append(operations, diff(fmt.Sprintf("%s/%d", path, i), a[i], b[i])...)
		}
		return operations
	}
	return []operation{{Op: "replace", Path: path, Value: b}}
}

func diffMaps(path string, a, b map[string]any) (operations []operation) {
	for _, key := range slices.Sorted(maps.Keys(a)) {
		if _, ok := b[key]; !ok {
			operations = append(operations, operation{Op: "remove", Path: path + "/" + escape(key)})
		}
	}
	for _, key := range slices.Sorted(maps.Keys(b)) {
		child := path + "/" + escape(key)
		if old, ok := a[key]; ok {
			operations = append(operations, diff(child, old, b[key])...)
		} else {
			operations = append(operations, operation{Op: "add", Path: child, Value: b[key]})
		}
	}
	return operations
}

// escape writes a key as a token of a JSON pointer.
func escape(key string) string { return strings.NewReplacer("~", "~0", "/", "~1").Replace(key) }

// A selector names the object of a patch, as kustomize does.
type selector struct {
	Group   string `json:"group,omitempty"`
	Version string `json:"version"`
	Kind    string `json:"kind"`
	Name    string `json:"name"`
}

// A patch changes or, with the text `$patch: delete`, deletes an object.
type patch struct {
	Target selector `json:"target"`
	Path   string   `json:"path,omitempty"`
	Patch  string   `json:"patch,omitempty"`
}

// target returns the selector of o.
func target(o object) selector {
	group, version, found := strings.Cut(o.str("apiVersion"), "/")
	if !found {
		group, version = "", group
	}
	return selector{Group: group, Version: version, Kind: o.kind(), Name: o.name()}
}

// deletion returns the patch that deletes o.
func deletion(o object) patch {
	head := fmt.Sprintf("$patch: delete\napiVersion: %s\nkind: %s\nmetadata:\n  name: %s\n", o.str("apiVersion"), o.kind(), o.name())
	return patch{Target: target(o), Patch: head}
}
