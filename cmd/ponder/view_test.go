package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

func TestViewShowsEachNodeOnceAndTheAnswerAlone(t *testing.T) {
	node := planner.Node{ID: "0", Depth: 1, State: search.StateFinished, Scored: true, Value: 0.5, Answer: "3"}
	events := []planner.Event{
		{Search: "s", State: planner.StateRunning, Nodes: []planner.Node{node}},
		{Search: "s", State: planner.StateSucceeded, Nodes: []planner.Node{node}, Outcome: &planner.Outcome{Answer: "3"}},
	}
	stdout, stderr := capture(t, func() {
		v := &view{out: &output{}, verbose: true}
		for _, e := range events {
			if err := v.show(e); err != nil {
				t.Error(err)
			}
		}
	})
	if stdout != "3\n" {
		t.Errorf("standard output is %q, want the answer alone", stdout)
	}
	if got := strings.Count(stderr, "✓ 0"); got != 1 {
		t.Errorf("node shown %d times in\n%s", got, stderr)
	}
	stdout, stderr = capture(t, func() {
		v := &view{out: &output{json: true}}
		for _, e := range events {
			if err := v.show(e); err != nil {
				t.Error(err)
			}
		}
	})
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 2 || !json.Valid([]byte(lines[0])) || stderr != "" {
		t.Errorf("standard output is %q, standard error %q; want two lines of JSON alone", stdout, stderr)
	}
}

// The plan is printed once it has the final estimate, or the search begins without one: not with an estimate of fewer
// samples than the line of the estimate.
func TestViewPrintsOnePlan(t *testing.T) {
	estimate := func(samples int, final bool) planner.Event {
		return planner.Event{Search: "s", Estimate: &difficulty.Estimate{PassRate: 0.5, Samples: samples, Final: final}}
	}
	plan := func(samples int) planner.Event {
		return planner.Event{Search: "s", Plan: &planner.Plan{
			Strategy: search.BestOfN{N: 4}, Reason: fmt.Sprintf("after %d samples", samples),
		}}
	}
	both := estimate(3, false)
	both.Plan = plan(3).Plan
	node := planner.Event{Search: "s", Nodes: []planner.Node{{ID: "0", Depth: 1, State: search.StateQueued}}}
	for name, c := range map[string]struct {
		events []planner.Event
		want   string
	}{
		"a final estimate": {[]planner.Event{estimate(3, false), plan(3), both, estimate(4, true), plan(4), node},
			"search s\npass@1 about 0.50, 90 % interval [0.00, 0.00], after 4 samples\nplan   best-of-n 4: after 4 samples\n"},
		"an estimate that fails": {[]planner.Event{estimate(3, false), plan(3), node}, "search s\nplan   best-of-n 4: after 3 samples\n"},
		"none":                   {[]planner.Event{plan(0), node}, "search s\nplan   best-of-n 4: after 0 samples\n"},
	} {
		_, stderr := capture(t, func() {
			v := &view{out: &output{}, verbose: true}
			for _, e := range c.events {
				if err := v.show(e); err != nil {
					t.Error(err)
				}
			}
		})
		if stderr != c.want {
			t.Errorf("%s: got %q, want %q", name, stderr, c.want)
		}
	}
}

// A small score is not shown as none.
func TestScore(t *testing.T) {
	for x, want := range map[float64]string{0: "0.00", 1e-9: "<0.01", 0.0049: "<0.01", 0.005: "0.01", 0.5: "0.50", 12: "12.00"} {
		if got := score(x); got != want {
			t.Errorf("%v: got %q, want %q", x, got, want)
		}
	}
}
