package main

import (
	"bufio"
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	utilyaml "k8s.io/apimachinery/pkg/util/yaml"
	"sigs.k8s.io/yaml"
)

// An object is a Kubernetes object as decoded JSON.
type object map[string]any

// parse returns the objects of a stream of YAML documents.
func parse(text []byte) (objects []object, err error) {
	documents := utilyaml.NewYAMLReader(bufio.NewReader(bytes.NewReader(text)))
	for {
		document, err := documents.Read()
		if errors.Is(err, io.EOF) {
			return objects, nil
		}
		if err != nil {
			return nil, fmt.Errorf("read document: %w", err)
		}
		var o object
		if err := yaml.UnmarshalStrict(document, &o); err != nil {
			return nil, fmt.Errorf("parse %s: %w", document, err)
		}
		if len(o) > 0 {
			objects = append(objects, o)
		}
	}
}

// text returns objects as a stream of YAML documents.
func text(objects ...object) ([]byte, error) {
	var documents [][]byte
	for _, o := range objects {
		document, err := yaml.Marshal(o)
		if err != nil {
			return nil, fmt.Errorf("encode %s: %w", o.id(), err)
		}
		documents = append(documents, document)
	}
	return bytes.Join(documents, []byte("---\n")), nil
}

// at returns the value at a path of keys, or nil.
func (o object) at(path ...string) any {
	var value any = map[string]any(o)
	for _, key := range path {
		m, _ := value.(map[string]any)
		value = m[key]
	}
	return value
}

// str returns the string at a path of keys, or "".
func (o object) str(path ...string) string {
	s, _ := o.at(path...).(string)
	return s
}

func (o object) kind() string { return o.str("kind") }
func (o object) name() string { return o.str("metadata", "name") }

// id names an object: no two objects of an installation have the same one.
func (o object) id() string {
	return strings.Join([]string{o.str("apiVersion"), o.kind(), o.str("metadata", "namespace"), o.name()}, " ")
}

// component returns the part of Ponder that an object belongs to, or "".
func (o object) component() string { return o.str("metadata", "labels", "app.kubernetes.io/component") }

// pod returns the template of a workload's pods, or nil for another object.
func (o object) pod() object {
	template, _ := o.at("spec", "template").(map[string]any)
	return template
}

// withoutHelm removes the labels and annotations that mean something only to Helm.
func (o object) withoutHelm() {
	for _, field := range []string{"labels", "annotations"} {
		values, _ := o.at("metadata", field).(map[string]any)
		for key := range values {
			if strings.HasPrefix(key, "helm.sh/") || key == "app.kubernetes.io/managed-by" {
				delete(values, key)
			}
		}
		if len(values) == 0 {
			delete(o["metadata"].(map[string]any), field)
		}
	}
}

// sorted sorts objects by their ids.
func sorted(objects []object) []object {
	slices.SortFunc(objects, func(a, b object) int { return cmp.Compare(a.id(), b.id()) })
	return objects
}

// plain removes what only Helm uses from objects.
func plain(objects []object) []object {
	for _, o := range objects {
		o.withoutHelm()
	}
	return objects
}
