package main

import (
	"fmt"
	"maps"
	"slices"
	"testing"

	"helm.sh/helm/v3/pkg/chart"
	"sigs.k8s.io/yaml"
)

// chartOf returns the chart.
func chartOf(t *testing.T) *chart.Chart {
	t.Helper()
	c, err := load(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// valuesOf parses values.
func valuesOf(t *testing.T, text string) (values map[string]any) {
	t.Helper()
	if err := yaml.Unmarshal([]byte(text), &values); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return values
}

// variants are values under which every template renders something: of the base, the
// overlays, and of what is off in all of them.
func variants(t *testing.T) map[string]map[string]any {
	t.Helper()
	all := map[string]map[string]any{
		"base": {},
		"all on": valuesOf(t, `
policy: {engine: server, server: {url: "https://policy.example/v1"}, apiKeySecret: {name: policy-key}}
verifier: {engine: server, family: rlhflow, server: {url: "http://prm.example:8123/v1"}, apiKeySecret: {name: prm-key}}
planner: {memo: {enabled: true}}
collector: {endpoint: "otlp.example:4317"}
networkPolicy: {monitoring: [{namespaceSelector: {matchLabels: {team: monitoring}}}]}
priorityClass: {create: false, name: high}
podMonitor: {enabled: true}
keda: {enabled: true, partitions: 2}
`),
		"vllm with keys": valuesOf(t, `
policy: {engine: vllm, apiKeySecret: {name: policy-key}, vllm: {tokenSecret: {name: hub}}}
verifier: {engine: vllm, family: qwen2.5-math-prm, apiKeySecret: {name: prm-key}, vllm: {tokenSecret: {name: hub}}}
`),
		"only the planner and the policy": valuesOf(t, `
verifier: {enabled: false}
difficulty: {enabled: false}
collector: {enabled: false}
nats: {enabled: false, url: "nats://nats.example:4222"}
`),
	}
	for _, o := range overlays {
		var files []string
		for _, file := range o.values {
			files = append(files, kustomizeDir+"/"+file)
		}
		values, err := readValues(files...)
		if err != nil {
			t.Fatal(err)
		}
		all[o.name] = values
	}
	return all
}

// eachVariant runs f as a subtest with the objects of each variant, and of a release with
// another name.
func eachVariant(t *testing.T, f func(t *testing.T, objects []object)) {
	t.Helper()
	c, all := chartOf(t), variants(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		t.Run(name, func(t *testing.T) {
			objects, err := render(c, all[name])
			if err != nil {
				t.Fatal(err)
			}
			f(t, objects)
		})
	}
	t.Run("another name", func(t *testing.T) {
		objects, err := renderAs("prod", c, nil)
		if err != nil {
			t.Fatal(err)
		}
		f(t, objects)
	})
}

// A container is one of a pod, with the id of its workload.
type container struct {
	object
	workload string
	program  string // the component
}

// containers returns all containers of all workloads, sidecars included.
func containers(objects []object) (all []container) {
	for _, o := range objects {
		for _, field := range []string{"initContainers", "containers"} {
			list, _ := o.pod().at("spec", field).([]any)
			for _, c := range list {
				all = append(all, container{c.(map[string]any), o.id(), o.component()})
			}
		}
	}
	return all
}

// strs returns the elements of a list of strings, or nil.
func strs(list any) (all []string) {
	elements, _ := list.([]any)
	for _, e := range elements {
		all = append(all, fmt.Sprint(e))
	}
	return all
}

// objectsOf returns the elements of a list of maps, or nil.
func objectsOf(list any) (all []object) {
	elements, _ := list.([]any)
	for _, e := range elements {
		all = append(all, e.(map[string]any))
	}
	return all
}
