// Package services_test tests which packages may import which. Only mains and package mesh choose
// the implementations of an interface. A rule that fails prints its reason: change the imports, or
// the rule with its reason.
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

// Groups of packages. A pattern is an import path; a path of this module is without the path of
// the module. A /... at the end adds all packages below; a * matches one element.
var (
	wire = []string{"google.golang.org/grpc/...", "google.golang.org/protobuf/...", "proto/...", "internal/proto/...",
		"internal/wire/...", "internal/rpcerr", "internal/mux", "services/policy/policywire"}
	nats = []string{"github.com/nats-io/...", "internal/natsx/..."}
	otel = []string{"go.opentelemetry.io/...", "internal/telemetry/..."}
	rpcs = []string{"services/policy/policyrpc", "services/policy/policyqueue/...", "services/verifier/verifierrpc",
		"services/difficulty/difficultyrpc", "services/planner/plannerrpc"}
	engines = []string{"services/policy/engine/...", "services/verifier/engine/...", "internal/modelserver", "pocket/..."}
	mains   = []string{"cmd/...", "services/*/cmd/...", "mesh/..."}
	suites  = []string{"testing", "services/policy/policytest", "services/verifier/verifiertest", "services/planner/journal/journaltest", "internal/rpctest",
		"internal/natsx/natstest", "internal/modelserver/modelservertest", "internal/wire/wiretest", "internal/telemetry/telemetrytest"}
)

// A rule forbids packages to depend on others, directly or indirectly.
type rule struct {
	packages []string
	except   []string // packages without these
	not      []string // what they must not depend on
	direct   bool     // only direct imports count: fmt itself depends on packages that such a rule forbids
	why      string
}

var rules = []rule{
	{
		packages: []string{"reasoning", "answer", "services/planner/search", "services/planner/strategies", "internal/stats",
			"lab/measure", "lab/table", "lab/evidence", "lab/problemset"},
		not: slices.Concat(wire, nats, otel),
		why: "reasoning must not depend on transport or telemetry: it can be read next to the papers and used without a mesh",
	},
	{
		packages: []string{"pocket/..."}, not: slices.Concat(wire, nats, otel),
		why: "a pocket model needs nothing but Go",
	},
	{
		packages: []string{"services/planner/search"}, not: []string{"time", "log/...", "net/...", "os"}, direct: true,
		why: "a strategy depends only on scored nodes and its seed: with a clock a repeated search would differ",
	},
	{
		packages: []string{"services/policy", "services/verifier", "services/difficulty"}, not: slices.Concat(wire, nats, otel, engines, rpcs),
		why: "the root package of a service has its interface; implementations and messages are in other packages",
	},
	{
		packages: []string{"services/planner", "services/planner/backend", "services/planner/journal"}, not: slices.Concat(engines, rpcs, nats, []string{"proto/..."}),
		why: "the planner works with every implementation of policy.Policy and verifier.Verifier",
	},
	{
		packages: []string{"services/policy/policyqueue/..."}, not: slices.Concat(engines, []string{"services/policy/policyrpc"}),
		why: "the queue works with every engine",
	},
	{
		packages: []string{"services/policy/...", "services/verifier/...", "services/difficulty/..."},
		not:      []string{"services/planner/...", "lab/..."},
		why:      "they serve any client: a change of the planner must not need new builds and deployments of them",
	},
	{
		packages: []string{"services/policy/...", "services/verifier/..."}, not: []string{"answer"},
		why: "they generate and score steps; answers belong to the planner and the estimators",
	},
	{
		packages: []string{"internal/..."}, not: []string{"services/...", "lab/...", "answer", "pocket/..."},
		why: "internal has libraries of the services: a package that imports one must not link a service through it",
	},
	{
		packages: slices.Concat(engines, []string{"services/policy/template"}),
		not:      slices.Concat(wire, nats, rpcs, []string{"services/planner/..."}),
		why:      "an engine runs a model and does not depend on how requests are transported",
	},
	{
		packages: []string{"services/...", "internal/...", "pocket/...", "answer", "reasoning"}, not: mains, except: []string{"services/*/cmd/..."},
		why: "mains and package mesh choose implementations: no other package may depend on that choice",
	},
	{
		packages: []string{"services/...", "internal/...", "mesh", "answer", "reasoning", "pocket/..."},
		not:      []string{"lab/..."},
		why:      "lab measures the shipped packages: these must not depend on it",
	},
	{
		packages: []string{"internal/stats"}, not: []string{"services/...", "lab/...", "reasoning"},
		why: "statistics are functions of numbers",
	},
	{
		packages: []string{"cmd/...", "services/*/cmd/...", "mesh"}, not: suites,
		why: "shipped programs have no test code",
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
		for _, pattern := range slices.Concat(r.packages, r.except) {
			if !slices.ContainsFunc(packages, func(p pkg) bool { return matches(pattern, p.ImportPath) }) {
				t.Errorf("%s matches no package: the rule has no effect", pattern)
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

// The verifier is deployed by itself: this test fails when a new import makes its image larger.
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
	r := rule{packages: []string{"services/planner/..."}, not: []string{"google.golang.org/grpc/..."}, except: []string{"services/planner"}}
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
		if !any(r.packages, p.ImportPath) || any(r.except, p.ImportPath) {
			continue
		}
		dependencies := p.Deps
		if r.direct {
			dependencies = p.Imports
		}
		for _, d := range dependencies {
			if any(r.not, d) && !any(r.packages, d) {
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
