package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
)

func TestWhatIsGeneratedIsCurrent(t *testing.T) {
	current, err := kustomizeTree(chartOf(t), kustomizeDir)
	if err != nil {
		t.Fatal(err)
	}
	files, err := generatedFiles(kustomizeDir)
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		if _, ok := current[file]; !ok {
			t.Errorf("%s is not generated any more: run make deploy", file)
		}
	}
	for file, want := range current {
		got, err := os.ReadFile(filepath.Join(kustomizeDir, file))
		if err != nil || !bytes.Equal(got, want) {
			t.Errorf("%s is not current: run make deploy", file)
		}
	}
	old, want, err := readme(chartDir)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(old, want) {
		t.Error("the table of values in the chart's README is not current: run make deploy")
	}
}

// build returns the objects that kustomize builds of a directory, without the namespace,
// which the chart does not have.
func build(t *testing.T, files filesys.FileSystem, dir string) (objects []object) {
	t.Helper()
	resources, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, dir)
	if err != nil {
		t.Fatal(err)
	}
	text, err := resources.AsYaml()
	if err != nil {
		t.Fatal(err)
	}
	all, err := parse(text)
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range all {
		if o.kind() != "Namespace" {
			objects = append(objects, o)
		}
	}
	if len(objects) != len(all)-1 {
		t.Errorf("%d namespaces, want 1", len(all)-len(objects))
	}
	return sorted(objects)
}

// forms returns for the base and each overlay its directory, and the objects of the chart
// with its values, without what only Helm uses.
func forms(t *testing.T) map[string][]object {
	t.Helper()
	c := chartOf(t)
	base, err := render(c, nil)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]object{"base": plain(base)}
	for _, o := range overlays {
		objects, err := o.render(c, kustomizeDir)
		if err != nil {
			t.Fatal(err)
		}
		all["overlays/"+o.name] = objects
	}
	return all
}

func TestKustomizeBuildsWhatTheChartRenders(t *testing.T) {
	for dir, want := range forms(t) {
		t.Run(dir, func(t *testing.T) {
			got := build(t, filesys.MakeFsOnDisk(), filepath.Join(kustomizeDir, dir))
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("chart (-), kustomize (+):\n%s", diff)
			}
			t.Logf("%d objects", len(got))
		})
	}
}

// Without any one of its patches an overlay is not what the chart renders.
func TestEachPatchOfAnOverlayIsNeeded(t *testing.T) {
	want := forms(t)
	generated, err := kustomizeTree(chartOf(t), kustomizeDir)
	if err != nil {
		t.Fatal(err)
	}
	patches := 0
	for file := range generated {
		if !strings.HasSuffix(file, ".patch.yaml") {
			continue
		}
		patches++
		files := filesys.MakeFsInMemory()
		for other, content := range generated {
			if other == file {
				content = []byte("[]\n")
			}
			if err := files.WriteFile("/"+other, content); err != nil {
				t.Fatal(err)
			}
		}
		dir := filepath.Dir(file)
		got := build(t, files, "/"+dir)
		if cmp.Equal(want[dir], got) {
			t.Errorf("%s: without it the overlay is the same", file)
		}
	}
	if patches < 10 {
		t.Errorf("%d patches, want at least 10", patches)
	}
}

func TestOverlaysHaveWhatTheirNamesSay(t *testing.T) {
	all := forms(t)
	find := func(dir, id string) object {
		t.Helper()
		i := slices.IndexFunc(all[dir], func(o object) bool { return o.kind()+" "+o.name() == id })
		if i < 0 {
			t.Fatalf("%s: no %s", dir, id)
		}
		return all[dir][i]
	}
	for _, o := range all["overlays/dev"] {
		if replicas := o.at("spec", "replicas"); replicas != nil && replicas != 1. {
			t.Errorf("dev: %v pods of %s, want 1", replicas, o.name())
		}
	}
	if n := find("overlays/gpu", "StatefulSet ponder-nats").at("spec", "replicas"); n != 3. {
		t.Errorf("gpu: %v NATS servers, want 3", n)
	}
	for _, name := range []string{"policy", "verifier"} {
		pod := find("overlays/gpu", "Deployment ponder-"+name).pod()
		sidecar := objectsOf(pod.at("spec", "initContainers"))[0]
		if sidecar.str("restartPolicy") != "Always" || sidecar.at("resources", "limits", "nvidia.com/gpu") != 1. {
			t.Errorf("gpu: %s has no sidecar with a GPU", name)
		}
	}
	if find("overlays/keda-queue", "Deployment ponder-policy").at("spec", "replicas") != nil {
		t.Error("keda-queue: the Deployment sets the number of pods, as KEDA does")
	}
	find("overlays/keda-queue", "ScaledObject ponder-policy")
}
