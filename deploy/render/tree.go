package main

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/yaml"
)

// A kustomization is the part that is used here of kustomize's type.
type kustomization struct {
	APIVersion string   `json:"apiVersion"`
	Kind       string   `json:"kind"`
	Resources  []string `json:"resources"`
	Patches    []patch  `json:"patches,omitempty"`
}

// A tree is files by their paths relative to deploy/k8s.
type tree map[string][]byte

const generated = "# Generated from deploy/chart/ponder by make deploy: change the chart and its values.\n"

// kustomizeTree returns the generated files of deploy/k8s in dir: the base with the
// chart's default values, and the overlays with theirs.
func kustomizeTree(c *chart.Chart, dir string) (tree, error) {
	t := tree{}
	base, err := render(c, nil)
	if err != nil {
		return nil, err
	}
	rendered := map[string][]object{"base": plain(base)}
	if err := t.write("base", []string{"namespace.yaml"}, rendered["base"], nil); err != nil {
		return nil, err
	}
	if err := t.put("base/namespace.yaml", namespace()); err != nil {
		return nil, err
	}
	for _, o := range overlays {
		objects, err := o.render(c, dir)
		if err != nil {
			return nil, err
		}
		place := "overlays/" + o.name
		rendered[place] = objects
		if err := t.overlay(place, "../../"+o.on, rendered[o.on], objects); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// overlay writes the difference of objects to old, of the kustomization in the directory on.
func (t tree) overlay(place, on string, old, objects []object) error {
	before := map[string]object{}
	for _, o := range old {
		before[o.id()] = o
	}
	var added []object
	var patches []patch
	for _, o := range objects {
		b, ok := before[o.id()]
		delete(before, o.id())
		if !ok {
			added = append(added, o)
			continue
		}
		operations := diff("", map[string]any(b), map[string]any(o))
		if len(operations) == 0 {
			continue
		}
		file := strings.ToLower(o.kind()) + "-" + o.name() + ".patch.yaml"
		if err := t.put(place+"/"+file, operations); err != nil {
			return err
		}
		patches = append(patches, patch{Target: target(o), Path: file})
	}
	for _, o := range old {
		if _, ok := before[o.id()]; ok {
			patches = append(patches, deletion(o))
		}
	}
	return t.write(place, []string{on}, added, patches)
}

// write writes a kustomization of resources and objects, with a file for each component.
func (t tree) write(place string, resources []string, objects []object, patches []patch) error {
	files := map[string][]object{}
	for _, o := range objects {
		file := cmp.Or(o.component(), strings.ToLower(o.kind())) + ".yaml"
		if o.kind() == "NetworkPolicy" {
			file = "networkpolicy.yaml"
		}
		if files[file] == nil {
			resources = append(resources, file)
		}
		files[file] = append(files[file], o)
	}
	for file, objects := range files {
		content, err := text(objects...)
		if err != nil {
			return err
		}
		t[place+"/"+file] = append([]byte(generated), content...)
	}
	return t.put(place+"/kustomization.yaml", kustomization{
		APIVersion: "kustomize.config.k8s.io/v1beta1", Kind: "Kustomization", Resources: resources, Patches: patches,
	})
}

// put writes value as YAML.
func (t tree) put(file string, value any) error {
	content, err := yaml.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode %s: %w", file, err)
	}
	t[file] = append([]byte(generated), content...)
	return nil
}

// namespace returns the namespace of the kustomize form, which admits only pods that are
// restricted as Pod Security defines it. Helm does not own its namespace.
func namespace() object {
	labels := map[string]any{}
	for _, mode := range []string{"enforce", "audit", "warn"} {
		labels["pod-security.kubernetes.io/"+mode] = "restricted"
		labels["pod-security.kubernetes.io/"+mode+"-version"] = "latest"
	}
	return object{"apiVersion": "v1", "kind": "Namespace", "metadata": map[string]any{"name": release, "labels": labels}}
}

// save writes the tree into dir, where it replaces all files but values.yaml.
func (t tree) save(dir string) error {
	old, err := generatedFiles(dir)
	if err != nil {
		return err
	}
	for _, file := range old {
		if _, ok := t[file]; !ok {
			if err := os.Remove(filepath.Join(dir, file)); err != nil {
				return err
			}
		}
	}
	for file, content := range t {
		path := filepath.Join(dir, file)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil {
			return err
		}
	}
	return nil
}

// generatedFiles returns the files in dir, relative to it, but for values.yaml.
func generatedFiles(dir string) (files []string, err error) {
	err = filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || entry.IsDir() || entry.Name() == "values.yaml" {
			return err
		}
		file, err := filepath.Rel(dir, path)
		files = append(files, filepath.ToSlash(file))
		return err
	})
	return files, err
}
