package main

import (
	"maps"
	"slices"
	"testing"
)

// selects reports whether a selector's matchLabels are among labels.
func selects(matchLabels, labels any) bool {
	want, _ := matchLabels.(map[string]any)
	have, _ := labels.(map[string]any)
	for key, value := range want {
		if have[key] != value {
			return false
		}
	}
	return len(want) > 0
}

// podsOf returns the workloads whose pods a selector selects.
func podsOf(objects []object, matchLabels any) (workloads []object) {
	for _, o := range objects {
		if o.pod() != nil && selects(matchLabels, o.pod().at("metadata", "labels")) {
			workloads = append(workloads, o)
		}
	}
	return workloads
}

// ports returns the numbers of a workload's ports by their names.
func ports(workload object) map[string]any {
	all := map[string]any{}
	for _, c := range containers([]object{workload}) {
		for _, p := range objectsOf(c.at("ports")) {
			all[p.str("name")] = p.at("containerPort")
		}
	}
	return all
}

func TestSelectorsSelectPods(t *testing.T) {
	eachVariant(t, func(t *testing.T, objects []object) {
		for _, o := range objects {
			var matchLabels any
			switch o.kind() {
			case "Service":
				matchLabels = o.at("spec", "selector")
			case "PodDisruptionBudget", "Deployment", "StatefulSet", "PodMonitor":
				matchLabels = o.at("spec", "selector", "matchLabels")
			case "NetworkPolicy":
				matchLabels = o.at("spec", "podSelector", "matchLabels")
			default:
				continue
			}
			workloads := podsOf(objects, matchLabels)
			if len(workloads) == 0 {
				t.Errorf("%s selects no pods", o.id())
			}
			if o.component() != "" && len(workloads) > 1 {
				t.Errorf("%s selects the pods of %d components", o.id(), len(workloads))
			}
			if o.kind() == "Service" {
				for _, p := range objectsOf(o.at("spec", "ports")) {
					if ports(workloads[0])[p.str("targetPort")] == nil {
						t.Errorf("%s: no port %s in its pods", o.id(), p.str("targetPort"))
					}
				}
			}
		}
	})
}

func TestEveryWorkloadHasWhatAnOperatorExpects(t *testing.T) {
	eachVariant(t, func(t *testing.T, objects []object) {
		components, budgets, accounts := map[string]bool{}, map[string]bool{}, map[string]bool{}
		for _, o := range objects {
			switch {
			case o.kind() == "PodDisruptionBudget":
				budgets[o.component()] = true
			case o.kind() == "ServiceAccount":
				accounts[o.name()] = true
				if o.at("automountServiceAccountToken") != false {
					t.Errorf("%s: tokens are mounted", o.id())
				}
			case o.pod() != nil:
				components[o.component()] = true
				if o.pod().at("spec", "automountServiceAccountToken") != false {
					t.Errorf("%s: a token is mounted", o.id())
				}
				if len(objectsOf(o.pod().at("spec", "topologySpreadConstraints"))) == 0 {
					t.Errorf("%s: pods are not spread", o.id())
				}
			}
			for _, label := range []string{"name", "instance", "version", "part-of", "managed-by"} {
				if o.str("metadata", "labels", "app.kubernetes.io/"+label) == "" {
					t.Errorf("%s: no label app.kubernetes.io/%s", o.id(), label)
				}
			}
		}
		if !maps.Equal(components, budgets) {
			t.Errorf("components %v have the disruption budgets %v", components, budgets)
		}
		for _, o := range objects {
			if account := o.pod().str("spec", "serviceAccountName"); o.pod() != nil && !accounts[account] {
				t.Errorf("%s: no ServiceAccount %s", o.id(), account)
			}
		}
		for _, c := range containers(objects) {
			if c.at("resources", "requests", "cpu") == nil || c.at("resources", "requests", "memory") == nil ||
				c.at("resources", "limits", "memory") == nil {
				t.Errorf("%s, %s: requests or limits are missing", c.workload, c.str("name"))
			}
			own := map[string]bool{}
			for _, p := range objectsOf(c.at("ports")) {
				own[p.str("name")] = true
			}
			for _, probe := range []string{"startupProbe", "livenessProbe", "readinessProbe"} {
				port, set := c.at(probe, "httpGet", "port").(string)
				if set && !own[port] {
					t.Errorf("%s, %s: %s of port %s, which it does not have", c.workload, c.str("name"), probe, port)
				}
				if !set && probe == "livenessProbe" {
					t.Errorf("%s, %s: no %s by HTTP", c.workload, c.str("name"), probe)
				}
			}
		}
	})
}

func TestGracePeriodIsTheDrainAndFiveSeconds(t *testing.T) {
	objects, err := render(chartOf(t), valuesOf(t, "{lameDuckSeconds: 7, stopTimeoutSeconds: 100}"))
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]float64{"planner": 105, "policy": 105, "verifier": 112, "difficulty": 112}
	for _, c := range containers(objects) {
		grace, ok := want[c.program]
		if !ok {
			continue
		}
		args := strs(c.at("args"))
		if !slices.Contains(args, "-stop-timeout=100s") || slices.Contains(args, "-lame-duck=7s") != (grace == 112) {
			t.Errorf("%s: %v", c.workload, args)
		}
		delete(want, c.program)
		for _, o := range objects {
			if got := o.pod().at("spec", "terminationGracePeriodSeconds"); o.id() == c.workload && got != grace {
				t.Errorf("%s: killed after %v s, want %v", c.workload, got, grace)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("no pods of %v", want)
	}
}
