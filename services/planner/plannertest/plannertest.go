// Package plannertest is the conformance suite of planner.Solver.
package plannertest

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// Start returns a Solver that runs its searches on p, until the end of the test.
type Start func(t *testing.T, p *planner.Planner) planner.Solver

// Run checks the Solvers that start returns. Each check runs in a synctest bubble, with a
// planner of its own whose steps take a second.
func Run(t *testing.T, start Start) {
	for name, check := range map[string]func(*testing.T, planner.Solver){
		"Create returns the search":        create,
		"Create by idempotency key":        idempotency,
		"Create after the deadline":        afterDeadline,
		"invalid requests":                 invalid,
		"unknown searches":                 unknown,
		"Watch from every number":          watchEverywhere,
		"Watch live from many numbers":     watchLive,
		"Watch by a slow reader":           watchSlowly,
		"Watch ends with its context":      watchCancelled,
		"Watch after unknown numbers":      watchTooFar,
		"Watch bounds its events in bytes": watchLarge,
		"Watch live, large and slow":       watchLargeSlowly,
		"Wait":                             wait,
		"Cancel":                           cancel,
		"Delete":                           deletion,
		"List":                             list,
		"List filters":                     listFilters,
		"Nodes":                            nodes,
		"pages are bounded in bytes":       largePages,
		"page tokens are checked":          tokens,
		"Plan":                             plan,
		"Models":                           models,
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				p := planner.New(planner.Config{Policy: Policy(), Verifier: verifiertest.Steps(0)})
				t.Cleanup(p.Close)
				check(t, start(t, p))
			})
		})
	}
}

// Policy returns a policy whose solutions have three steps of a second each. The solutions of the
// problem of Large are one step of 8 kB and end 10 ms after each other.
func Policy() *policytest.Script {
	short := policytest.Steps(3, time.Second)
	long := strings.Repeat("7 bytes", 8192/7)
	return &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		if r.Problem != largeProblem {
			return short.Reply(r, ordinal)
		}
		text := fmt.Sprintf("%s\nA:%d\n", long, ordinal%4)
		step := reasoning.Step{Text: text, Tokens: len(text) / 4}
		child := policy.Child{Steps: []reasoning.Step{step}, Finish: reasoning.FinishEnd}
		return policytest.Reply{Child: child, Delay: time.Duration(ordinal) * 10 * time.Millisecond}
	}}
}

const largeProblem = "count in 8 kB"

// Large returns a request that makes a Solver over Policy generate n solutions of 8 kB each.
func Large(n int) planner.Request {
	return planner.Request{Tenant: tenant, Problem: largeProblem, Strategy: search.BestOfN{N: n}, MaxTokens: new(4096)}
}

const tenant = "plannertest"

// beam returns a request for a search of three levels with n nodes each.
func beam(n int) planner.Request {
	return planner.Request{Tenant: tenant, Problem: "count", Strategy: search.NewBeam(n)}
}

// created creates a search and returns its Ref.
func created(t *testing.T, s planner.Solver, r planner.Request) planner.Ref {
	t.Helper()
	got, err := s.Create(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return planner.Ref{Tenant: r.Tenant, ID: got.ID}
}

// ended runs a search to its end and returns its Ref and its last state.
func ended(t *testing.T, s planner.Solver, r planner.Request) (planner.Ref, planner.Search) {
	t.Helper()
	ref := created(t, s, r)
	got, err := s.Wait(t.Context(), ref, time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	if !got.State.Ended() {
		t.Fatalf("after an hour the search is %v", got.State)
	}
	return ref, got
}

func get(t *testing.T, s planner.Solver, ref planner.Ref) planner.Search {
	t.Helper()
	got, err := s.Get(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// watched returns all events of a search after a number.
func watched(t *testing.T, s planner.Solver, ref planner.Ref, after int64) (events []planner.Event) {
	t.Helper()
	for e, err := range s.Watch(t.Context(), ref, after) {
		if err != nil {
			t.Fatalf("watch after %d: %v", after, err)
		}
		events = append(events, e)
	}
	return events
}

// refused checks that err is want and, unless field is empty, an InvalidError on field.
func refused(t *testing.T, what string, err, want error, field string) {
	t.Helper()
	var rule *reasoning.InvalidError
	if !errors.Is(err, want) || field != "" && (!errors.As(err, &rule) || rule.Field != field) {
		t.Errorf("%s: got %v, want %v %s", what, err, want, field)
	}
}

// soon returns a context that ends after a second.
func soon(t *testing.T) context.Context {
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	t.Cleanup(stop)
	return ctx
}
