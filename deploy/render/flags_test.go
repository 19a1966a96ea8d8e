package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// programs builds programs of a module of the repository, and returns their directory.
func programs(t *testing.T, module string, packages ...string) string {
	t.Helper()
	dir := t.TempDir()
	build := exec.Command("go", append([]string{"build", "-o", dir + "/"}, packages...)...)
	build.Dir = module
	build.Env = append(os.Environ(), "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %v: %v\n%s", packages, err, out)
	}
	return dir
}

var services = []string{"planner", "policy", "verifier", "difficulty"}

// parseFlags runs a program with args and -h: it parses args and, if all are valid, exits with 0.
func parseFlags(program string, args ...string) (output string, err error) {
	var out bytes.Buffer
	command := exec.Command(program, append(slices.Clone(args), "-h")...)
	command.Env = []string{}
	command.Stdout, command.Stderr = &out, &out
	err = command.Run()
	return out.String(), err
}

func TestProgramsTakeTheFlagsOfTheirContainers(t *testing.T) {
	var packages []string
	for _, s := range services {
		packages = append(packages, "./services/"+s+"/cmd/"+s)
	}
	dir := programs(t, "../..", packages...)
	eachVariant(t, func(t *testing.T, objects []object) {
		checked := map[string]bool{}
		for _, c := range containers(objects) {
			if !slices.Contains(services, c.str("name")) {
				continue
			}
			checked[c.str("name")] = true
			args := strs(c.at("args"))
			if out, err := parseFlags(filepath.Join(dir, c.str("name")), args...); err != nil {
				first, _, _ := strings.Cut(out, "\n")
				t.Errorf("%s %v: %v: %s", c.str("name"), args, err, first)
			}
		}
		if !checked["planner"] || !checked["policy"] {
			t.Errorf("checked only %v", checked)
		}
	})
	if out, err := parseFlags(filepath.Join(dir, "planner"), "-nats-urls=nats://nats:4222"); err == nil {
		t.Errorf("the planner takes a flag that it does not have: %s", out)
	}
}

// conf returns nats.conf of a ConfigMap among objects, or "".
func conf(objects []object) string {
	for _, o := range objects {
		if text := o.str("data", "nats.conf"); text != "" {
			return text
		}
	}
	return ""
}

func TestNATSTakesItsConfiguration(t *testing.T) {
	server := filepath.Join(programs(t, "../../tools", "github.com/nats-io/nats-server/v2"), "nats-server")
	check := func(text string) error {
		file := filepath.Join(t.TempDir(), "nats.conf")
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		command := exec.Command(server, "-t", "-c", file)
		command.Env = append(os.Environ(), "POD_NAME=ponder-nats-0")
		out, err := command.CombinedOutput()
		if err != nil {
			t.Logf("%s", out)
		}
		return err
	}
	eachVariant(t, func(t *testing.T, objects []object) {
		if text := conf(objects); text != "" && check(text) != nil {
			t.Error("refused")
		}
	})
	if check("listen: \"0.0.0.0:4222\"\nno_such_field: 1\n") == nil {
		t.Error("a configuration with an unknown field was accepted")
	}
}
