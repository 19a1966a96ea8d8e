package main

import (
	"encoding/json"
	"strings"
	"testing"

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
