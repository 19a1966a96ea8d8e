package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/internal/serve"
)

// Each variable that dev reads is, under the same name, one of a service's program, except for the clients' own.
func TestDevReadsTheVariablesOfServices(t *testing.T) {
	var help strings.Builder
	for _, name := range serve.Services {
		text, err := exec.Command("go", "run", "../../services/"+name+"/cmd/"+name, "-h").CombinedOutput()
		if err != nil {
			t.Fatalf("%s -h: %v\n%s", name, err, text)
		}
		help.Write(text)
	}
	fields := strings.FieldsFunc(help.String(), func(r rune) bool { return strings.ContainsRune("( ,)\n", r) })
	read := map[string]bool{"PONDER_ADDR": true}
	for _, f := range fields {
		read[f] = true
	}
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	for _, node := range parser.Model.Leaves(false) {
		if node.Name != "dev" {
			continue
		}
		for _, f := range node.Flags {
			if len(f.Envs) == 0 && !slices.Contains([]string{"help", "json", "port", "state"}, f.Name) {
				t.Errorf("dev --%s has no variable", f.Name)
			}
			for _, name := range f.Envs {
				if !read[name] {
					t.Errorf("dev --%s reads %s, which no service reads", f.Name, name)
				}
			}
		}
	}
}

// Commands report the variables that have no effect on them: dev, which is all services, more than a client.
func TestUnknownVariablesOfCommands(t *testing.T) {
	environ := []string{
		"PONDER_ADDR=a", "PONDER_POLICY_URL=u", "PONDER_PLANNER_ADDR=a", "PONDER_POLICY_SERVICE_HOST=h",
		"PONDER_PLANNER_MAX_ACTIVE=9", "PONDER_POLICY_MODLE=m", "PONDER_ADDRESS=a",
	}
	for line, want := range map[string][]string{
		"dev":               {"PONDER_ADDRESS", "PONDER_PLANNER_MAX_ACTIVE", "PONDER_POLICY_MODLE"},
		"demo":              {"PONDER_ADDRESS", "PONDER_POLICY_MODLE"},
		"solve p":           {"PONDER_ADDRESS"},
		"queue show":        {"PONDER_ADDRESS"},
		"bench run --out o": {"PONDER_ADDRESS", "PONDER_POLICY_MODLE"},
		"version --json":    {"PONDER_ADDRESS"},
	} {
		var c cli
		parser, err := newParser(&c)
		if err != nil {
			t.Fatal(err)
		}
		command, err := parser.Parse(strings.Fields(line))
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, message := range unknownVariables(command, environ) {
			name, _, _ := strings.Cut(message, " ")
			got = append(got, name)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: want -, got +:\n%s", line, diff)
		}
	}
}
