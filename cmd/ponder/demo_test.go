package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// demo runs a demo in this process and returns the rows and what it prints on standard error.
func demo(t *testing.T, line string) (rows []armSummary, stderr string) {
	t.Helper()
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		t.Fatal(err)
	}
	command, err := parser.Parse(strings.Fields("demo --json --problems 3 --steps 2 --trace-file " + t.TempDir() + "/spans.jsonl " + line))
	if err != nil {
		t.Fatal(err)
	}
	command.BindTo(t.Context(), (*context.Context)(nil))
	stdout, stderr := capture(t, func() { err = command.Run(&output{json: c.JSON}) })
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(stdout) {
		var row armSummary
		if err := json.Unmarshal([]byte(line), &row); err != nil {
			t.Fatal(err)
		}
		rows = append(rows, row)
	}
	return rows, stderr
}

// What an arm costs, and how accurate it is, does not depend on the arms before it: no cache holds what they paid for.
func TestDemoComparesArmsAtEqualTerms(t *testing.T) {
	all, stderr := demo(t, "--n 2,6")
	alone, _ := demo(t, "--n 6")
	var wide []armSummary
	for _, row := range all {
		if row.N != 2 {
			wide = append(wide, row)
		}
	}
	if diff := cmp.Diff(wide, alone, cmpopts.IgnoreFields(armSummary{}, "WallSeconds", "LevelP95")); diff != "" {
		t.Errorf("after arms with N = 2 (-got +alone):\n%s", diff)
	}
	costs := map[string]int64{}
	for _, row := range all {
		if row.Accuracy.N != 3 || row.PromptTokens != all[0].PromptTokens {
			t.Errorf("%s %d: accuracy on %d problems, %d prompt tokens; want 3, and as many as greedy has",
				row.Strategy, row.N, row.Accuracy.N, row.PromptTokens)
		}
		if before := costs[row.Strategy]; row.VerifierTokens < before {
			t.Errorf("%s %d has %d verifier tokens, fewer than with a smaller N", row.Strategy, row.N, row.VerifierTokens)
		}
		costs[row.Strategy] = row.VerifierTokens
	}
	if costs["best-of-n"] == 0 || !strings.Contains(stderr, "Its search by greedy 1") || !strings.Contains(stderr, "Its search by beam 6") {
		t.Errorf("costs %v, standard error\n%s", costs, stderr)
	}
}

// Nodes that differ in nothing but their ids are one line; another line, or flush, ends it.
func TestViewFoldsEqualNodes(t *testing.T) {
	nodes := []planner.Node{
		{ID: "0", Depth: 1, State: search.StateScored, Scored: true, Value: 0.5},
		{ID: "1", Depth: 1, State: search.StateScored, Scored: true, Value: 0.5},
		{ID: "0.1", Depth: 2, State: search.StateScored, Scored: true, Value: 0.5},
		{ID: "2", Depth: 1, State: search.StateScored, Scored: true, Value: 0.5, Reason: "why"},
		{ID: "3", Depth: 1, State: search.StateScored, Scored: true, Value: 0.5},
	}
	_, stderr := capture(t, func() {
		v := &view{out: &output{}, verbose: true, fold: true}
		if err := v.show(planner.Event{Search: "s", Nodes: nodes}); err != nil {
			t.Error(err)
		}
		v.flush()
	})
	const want = "search s\n· 0        0.50   × 2\n  · 0.1      0.50 \n· 2        0.50   (why)\n· 3        0.50 \n"
	if diff := cmp.Diff(stderr, want); diff != "" {
		t.Errorf("(-got +want):\n%s", diff)
	}
}
