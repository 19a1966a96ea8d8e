// Package services_test tests which packages may import which. Only mains and package
// mesh choose the implementations of an interface; pure packages stay pure. A rule that fails
// prints its reason: change the code, or the reason.
package services_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/ponder-mesh/ponder/"

// Groups of packages. A pattern is an import path, of this module without the module's
// path. A /... at its end adds all packages below; a * matches one element.
var (
	wire = []string{"google.golang.org/grpc/...", "google.golang.org/protobuf/...", "proto/...", "internal/proto/...",
		"internal/wire/...", "internal/rpcerr", "internal/mux", "services/policy/policywire"}
	nats = []string{"github.com/nats-io/...", "internal/natsx/..."}
	otel = []string{"go.opentelemetry.io/...", "internal/telemetry/..."}
	rpcs = []string{"services/policy/policyrpc", "services/policy/policyqueue/...", "services/verifier/verifierrpc",
		"services/difficulty/difficultyrpc", "services/planner/plannerrpc"}
	engines = []string{"services/policy/engine/...", "services/verifier/engine/...", "internal/modelserver", "pocket/..."}
	mains   = []string{"cmd/...", "services/*/cmd/...", "mesh/..."}
	suites  = []string{"testing", "services/policy/policytest", "services/verifier/verifiertest", "internal/rpctest",
		"internal/natsx/natstest", "internal/modelserver/modelservertest", "internal/wire/wiretest", "internal/telemetry/telemetrytest"}
)

// A rule forbids packages to depend on others, directly or through others.
type rule struct {
	who    []string
	not    []string
	except []string // of who
	direct bool     // only imports of its own count, as fmt needs what a rule about the standard library forbids
	why    string
}

var rules = []rule{
	{
		who: []string{"reasoning", "answer", "services/planner/search", "services/planner/strategies", "internal/stats",
			"lab/measure", "lab/table", "lab/evidence", "lab/problemset"},
		not: slices.Concat(wire, nats, otel),
		why: "reasoning must not depend on transport or telemetry: it is read next to the papers and used without a mesh",
	},
	{
		who: []string{"pocket/..."}, not: slices.Concat(wire, nats, otel),
		why: "a model is arithmetic: it runs wherever Go runs",
	},
	{
		who: []string{"services/planner/search"}, not: []string{"time", "log/...", "net/...", "os"}, direct: true,
		why: "a strategy is a function of scored nodes: with a clock or a log it would not be the same search twice",
	},
	{
		who: []string{"services/policy", "services/verifier", "services/difficulty"}, not: slices.Concat(wire, nats, otel, engines, rpcs),
		why: "the root package of a service defines it; implementations and messages are other packages",
	},
	{
		who: []string{"services/planner", "services/planner/backend"}, not: slices.Concat(engines, rpcs, nats, []string{"proto/..."}),
		why: "the planner takes a policy.Policy and a verifier.Verifier, whatever implements them",
	},
	{
		who: []string{"services/policy/policyqueue/..."}, not: slices.Concat(engines, []string{"services/policy/policyrpc"}),
		why: "the queue carries expansions to any engine",
	},
	{
		who: []string{"services/policy/...", "services/verifier/...", "services/difficulty/..."},
		not: []string{"services/planner/...", "lab/..."},
		why: "they serve any client; a change of the planner must not require to build and deploy them again",
	},
	{
		who: []string{"services/policy/...", "services/verifier/..."}, not: []string{"answer"},
		why: "they generate and score steps; only the planner and the estimators need answers",
	},
	{
		who: []string{"internal/..."}, not: []string{"services/...", "lab/...", "answer", "pocket/..."},
		why: "internal has the libraries below the services: importing one must not link a service",
	},
	{
		who: slices.Concat(engines, []string{"services/policy/template"}),
		not: slices.Concat(wire, nats, rpcs, []string{"services/planner/..."}),
		why: "an engine runs a model, however requests reach it",
	},
	{
		who: []string{"services/...", "internal/...", "pocket/...", "answer", "reasoning"}, not: mains, except: []string{"services/*/cmd/..."},
		why: "mains and package mesh choose implementations: nothing else may depend on that choice",
	},
	{
		who: []string{"services/...", "internal/...", "mesh", "answer", "reasoning", "pocket/..."},
		not: []string{"lab/..."},
		why: "lab measures what is shipped: nothing that is shipped may need it",
	},
	{
		who: []string{"internal/stats"}, not: []string{"services/...", "lab/...", "reasoning"},
		why: "statistics know numbers only",
	},
	{
		who: []string{"cmd/...", "services/*/cmd/...", "mesh"}, not: suites,
		why: "what is shipped has no test code in it",
	},
}

// A pkg is a package in the output of go list.
type pkg struct {
	ImportPath    string
	Imports, Deps []string
}

func TestDependencies(t *testing.T) {
	packages := list(t)
	for _, r := range rules {
		for _, pattern := range slices.Concat(r.who, r.except) {
			if !slices.ContainsFunc(packages, func(p pkg) bool { return matches(pattern, p.ImportPath) }) {
				t.Errorf("%s names no package: the rule has no effect", pattern)
			}
		}
		for _, pattern := range r.not {
			if !slices.ContainsFunc(packages, func(p pkg) bool {
				return matches(pattern, p.ImportPath) || slices.ContainsFunc(p.Deps, func(d string) bool { return matches(pattern, d) })
			}) {
				t.Errorf("no package imports %s: the rule forbids nothing", pattern)
			}
		}
		for _, broken := range r.broken(packages) {
			t.Errorf("%s\n\t%s", broken, r.why)
		}
	}
}

// A verifier is deployed by itself: a new import shows here before it is in the image.
func TestVerifierIsSmall(t *testing.T) {
	const most = 20
	for _, p := range list(t) {
		if p.ImportPath != module+"services/verifier/cmd/verifier" {
			continue
		}
		ours := []string{p.ImportPath}
		for _, d := range p.Deps {
			if strings.HasPrefix(d, module) && !matches("proto/...", d) {
				ours = append(ours, d)
			}
		}
		if len(ours) > most || len(ours) < 10 {
			t.Errorf("the verifier links %d packages of this module, want at most %d: %q", len(ours), most, ours)
		}
		return
	}
	t.Error("there is no verifier")
}

// The negative control: a broken rule is found.
func TestBrokenRuleIsFound(t *testing.T) {
	packages := []pkg{
		{module + "services/planner/search", []string{"fmt"}, []string{"fmt", "google.golang.org/grpc/codes"}},
		{module + "services/planner", nil, []string{"google.golang.org/grpc/codes"}},
	}
	r := rule{who: []string{"services/planner/..."}, not: []string{"google.golang.org/grpc/..."}, except: []string{"services/planner"}}
	got := r.broken(packages)
	if want := []string{"services/planner/search depends on google.golang.org/grpc/codes"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
	r.direct = true
	if got := r.broken(packages); len(got) > 0 {
		t.Errorf("got %q, want none imported directly", got)
	}
	for _, c := range []struct {
		pattern, path string
		want          bool
	}{
		{"services/*/cmd/...", module + "services/policy/cmd/policy", true},
		{"services/*/cmd/...", module + "services/policy/policyrpc", false},
		{"pocket/...", module + "pocket", true},
		{"pocket/...", module + "pocketful", false},
		{"pocket", module + "pocket/models", false},
		{"testing", "testing", true},
		{"testing", "testing/fstest", false},
	} {
		if got := matches(c.pattern, c.path); got != c.want {
			t.Errorf("%s matches %s: got %v", c.pattern, c.path, got)
		}
	}
}

// broken returns the dependencies that the rule forbids.
func (r rule) broken(packages []pkg) (found []string) {
	any := func(patterns []string, p string) bool {
		return slices.ContainsFunc(patterns, func(pattern string) bool { return matches(pattern, p) })
	}
	for _, p := range packages {
		if !any(r.who, p.ImportPath) || any(r.except, p.ImportPath) {
			continue
		}
		dependencies := p.Deps
		if r.direct {
			dependencies = p.Imports
		}
		for _, d := range dependencies {
			if any(r.not, d) && !any(r.who, d) {
				found = append(found, strings.TrimPrefix(p.ImportPath, module)+" depends on "+strings.TrimPrefix(d, module))
			}
		}
	}
	return found
}

// matches reports whether the pattern names the package.
func matches(pattern, importPath string) bool {
	name := strings.TrimPrefix(importPath, module)
	prefix, below := strings.CutSuffix(pattern, "/...")
	elements := strings.Split(name, "/")
	n := strings.Count(prefix, "/") + 1
	if len(elements) < n || len(elements) > n && !below {
		return false
	}
	ok, err := path.Match(prefix, strings.Join(elements[:n], "/"))
	return ok && err == nil
}

// list returns the module's packages with their dependencies.
func list(t *testing.T) (packages []pkg) {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports,Deps", module+"...")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &stderr)
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages
		} else if err != nil {
			t.Fatal(err)
		}
		packages = append(packages, p)
	}
}
