package main

import (
	"fmt"

	"helm.sh/helm/v3/pkg/chart"
)

// An overlay is a directory of deploy/k8s/overlays, which has its difference to another one.
type overlay struct {
	name   string
	on     string   // directory of what it changes, relative to deploy/k8s
	values []string // files of values of its rendering, relative to deploy/k8s
}

var overlays = []overlay{
	{name: "dev", on: "base", values: []string{"overlays/dev/values.yaml"}},
	{name: "gpu", on: "base", values: []string{"overlays/gpu/values.yaml"}},
	{name: "keda-queue", on: "overlays/gpu", values: []string{"overlays/gpu/values.yaml", "overlays/keda-queue/values.yaml"}},
}

// render returns the overlay's objects, as the chart renders them without Helm's labels.
func (o overlay) render(c *chart.Chart, dir string) ([]object, error) {
	var files []string
	for _, file := range o.values {
		files = append(files, dir+"/"+file)
	}
	values, err := readValues(files...)
	if err != nil {
		return nil, err
	}
	objects, err := render(c, values)
	if err != nil {
		return nil, fmt.Errorf("overlay %s: %w", o.name, err)
	}
	return plain(objects), nil
}
