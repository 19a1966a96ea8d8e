package openai

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

var update = flag.Bool("update", false, "write the table into docs/operations.md instead of comparing it")

// The table of failures in docs/operations.md is what a stand-in of vLLM and the engine do.
func TestFailuresAreDocumented(t *testing.T) {
	var b strings.Builder
	b.WriteString("| the model server | requests | result | message |\n|---|---|---|---|\n")
	for _, mode := range modelservertest.Modes() {
		for _, format := range []string{"steps-chatml", "steps"} {
			row := ""
			run := func(t *testing.T, s *modelservertest.Server, e *Engine) { row = describe(t, mode, s, e) }
			o := modelservertest.Options{Mode: mode, Thinking: thoughts, Pause: time.Second}
			if mode == modelservertest.ModeRefused {
				s, e := standIn(t, format, o)
				run(t, s, e)
			} else {
				synctest.Test(t, func(t *testing.T) { run(bubbled(t, format, o)) })
			}
			if format == "steps" && !strings.Contains(b.String(), "| "+mode.String()+" "+row) {
				row = "(chat) " + row
			} else if format == "steps" {
				continue
			}
			fmt.Fprintf(&b, "| %v %s\n", mode, row)
		}
	}

	const begin, end = "<!-- model server: made by go test ./services/policy/engine/openai -update -->\n", "<!-- end -->"
	file := filepath.Join("..", "..", "..", "..", "docs", "operations.md")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	before, rest, found := strings.Cut(string(text), begin)
	_, after, closed := strings.Cut(rest, end)
	if !found || !closed {
		t.Fatalf("%s has no marks for the table", file)
	}
	want := before + begin + b.String() + end + after
	if *update {
		if err := os.WriteFile(file, []byte(want), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if diff := gocmp.Diff(string(text), want); diff != "" {
		t.Errorf("%s is stale, run go test ./services/policy/engine/openai -update: got -, want +\n%s", file, diff)
	}
}

// describe requests one child and returns the cells of a row after the first.
func describe(t *testing.T, mode modelservertest.Mode, s *modelservertest.Server, e *Engine) string {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	r := newRequest(policy.Whole, 0)
	if mode == modelservertest.ModeIgnoresLimit {
		r.Sampling.MaxTokens = 6
	}
	var child policy.Child
	var err error
	for child, err = range e.Expand(ctx, r) {
	}
	result, message := "a child", ""
	switch {
	case err == nil && child.Finish == reasoning.FinishLength:
		result += ", cut at `max_tokens`"
	case err == nil && strings.Contains(reasoning.Join(child.Steps), "<think>"):
		result += ", its thinking in marks"
	case err == nil && len(s.Requests()) > 1:
		result += ", continued"
	}
	if err != nil {
		reason := "`" + reasoning.Classify(err).Reason() + "`"
		_, message, _ = strings.Cut(err.Error(), ": ")
		message = regexp.MustCompile(`127\.0\.0\.1:\d+|: "\{.*`).ReplaceAllString(message, "…")
		switch {
		case reasoning.Permanent(err):
			result = reason + ", final"
		case reasoning.Delay(err) > 0:
			result = fmt.Sprintf("%s, again after %v", reason, reasoning.Delay(err))
		case reasoning.Transient(err):
			result = reason + ", again"
		default:
			result = reason
		}
		if reasoning.Refused(err) && child.Usage.Generated == 0 {
			result += ", not begun"
		}
	}
	return fmt.Sprintf("| %d | %s | %s |", len(s.Requests()), result, cmp.Or(message, "—"))
}
