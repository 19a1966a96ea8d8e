package mesh_test

import (
	"errors"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/sdk/trace/tracetest"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// docs/traces.md has each span and each attribute of a run in which everything happens that spans tell: an estimate, a
// failed attempt, contents; and it has no others.
func TestTracesAreDocumented(t *testing.T) {
	var failed atomic.Bool
	engine := distinct()
	reply := engine.Reply
	engine.Reply = func(r policy.Request, ordinal int) policytest.Reply {
		if r.Search != "" && failed.CompareAndSwap(false, true) {
			return policytest.Reply{Err: errors.New("hiccup")}
		}
		return reply(r, ordinal)
	}
	run := tracedRun(t, true, engine, planner.Request{Problem: canary, Effort: planner.EffortHigh}, requestFor(beam(4, 2)))
	text, err := os.ReadFile(filepath.Join("..", "docs", "traces.md"))
	if err != nil {
		t.Fatal(err)
	}

	spans, attributes := map[string]string{}, map[string]map[string]bool{}
	kinds := map[string]map[string]bool{}
	add := func(to map[string]map[string]bool, key, value string) {
		if to[key] == nil {
			to[key] = map[string]bool{}
		}
		to[key][value] = true
	}
	for _, s := range run {
		what := operation(s)
		if what == "" {
			what = "rpc"
		} else if s.InstrumentationScope.SchemaURL != names.SchemaURL {
			t.Errorf("%s has schema %q, want %s", s.Name, s.InstrumentationScope.SchemaURL, names.SchemaURL)
		}
		spans[what] = nameTemplate(s.Name)
		add(kinds, what, s.SpanKind.String())
		addAll := func(of string, all []attribute.KeyValue) {
			for _, a := range all {
				add(attributes, string(a.Key), of)
			}
		}
		addAll(what, s.Attributes)
		for _, e := range s.Events {
			addAll("event "+e.Name, e.Attributes)
		}
		for _, l := range s.Links {
			addAll("link", l.Attributes)
		}
	}
	for what, name := range spans {
		spans[what] = name + " " + strings.Join(slices.Sorted(maps.Keys(kinds[what])), ", ")
	}

	documented := map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(\\w+)` \\| `([^`]+)` \\| ([a-z, ]+) \\|").FindAllStringSubmatch(string(text), -1) {
		documented[row[1]] = row[2] + " " + row[3]
	}
	if diff := cmp.Diff(documented, spans); diff != "" {
		t.Errorf("spans: docs/traces.md -, run +:\n%s", diff)
	}
	got, want := map[string]string{}, map[string]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `([a-z_]+\\.[a-z_.]+)` \\| ([^|]+) \\|").FindAllStringSubmatch(string(text), -1) {
		got[row[1]] = strings.ReplaceAll(row[2], "`", "")
	}
	for key, of := range attributes {
		want[key] = strings.Join(slices.Sorted(maps.Keys(of)), ", ")
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("attributes: docs/traces.md -, run +:\n%s", diff)
	}
}

// nameTemplate returns the name of a span with places for what differs.
func nameTemplate(name string) string {
	for pattern, template := range map[string]string{
		`^invoke_workflow .+`: "invoke_workflow {strategy}", `^depth \d+$`: "depth {n}", `^text_completion .+`: "text_completion {model}",
		`^ponder\..*`: "{service}/{method}",
	} {
		name = regexp.MustCompile(pattern).ReplaceAllString(name, template)
	}
	return name
}

// Names that a convention has begin with its prefix, all others with ponder.
func TestNamesHaveThePrefixOfAConvention(t *testing.T) {
	conventions := regexp.MustCompile(`^(ponder|gen_ai|messaging|rpc|server|client|network|error)\.`)
	for _, s := range tracedRun(t, false, distinct(), requestFor(beam(4, 2))) {
		for _, a := range s.Attributes {
			if !conventions.MatchString(string(a.Key)) {
				t.Errorf("span %s has attribute %s", s.Name, a.Key)
			}
		}
		if required := requiredAttributes(s); required != "" {
			t.Errorf("span %s lacks %s", s.Name, required)
		}
	}
}

// requiredAttributes returns an attribute that the conventions require of s and that it does not have, or "".
func requiredAttributes(s tracetest.SpanStub) string {
	required := map[string][]string{
		names.SpanSearch:   {names.GenAIOperation, names.GenAIAgent},
		names.SpanGenerate: {names.GenAIOperation, names.GenAIProvider, names.GenAIModel, names.GenAIInputTokens, names.GenAIOutputTokens},
		names.SpanSend:     {names.MessagingSystem, names.MessagingOperation, names.MessagingType, names.MessagingDestination},
		names.SpanProcess: {names.MessagingSystem, names.MessagingOperation, names.MessagingType, names.MessagingDestination,
			names.MessagingConsumer, names.MessagingPartition},
		"": {"rpc.system.name", "rpc.method"},
	}
	for _, key := range required[operation(s)] {
		has := func(a attribute.KeyValue) bool {
			return string(a.Key) == key && a.Value.AsString() != "" || a.Value.AsInt64() > 0
		}
		if !slices.ContainsFunc(s.Attributes, has) {
			return key
		}
	}
	return ""
}
