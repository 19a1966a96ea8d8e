package main

import (
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
)

// billLines returns the lines that tell a bill to people. A line about waste, or about what is unknown, is there only
// if there is any.
func billLines(b reasoning.Bill) []string {
	cached := ""
	if b.Verifier.Cached > 0 {
		cached = fmt.Sprintf(", %d cached", b.Verifier.Cached)
	}
	lines := []string{fmt.Sprintf("bill   policy %d generated, %d prompt, %d cached; verifier %d%s; difficulty %d generated, %d verifier",
		b.Policy.Generated, b.Policy.Prompt, b.Policy.Cached, b.Verifier.Verifier, cached,
		b.Difficulty.Generated, b.Difficulty.Verifier)}
	if b.Saturated() {
		lines[0] += " (a count has reached the largest number: it is a lower bound)"
	}
	var causes []string
	for cause, u := range b.Waste.Causes() {
		if tokens := tokensOf(u); tokens != "" {
			causes = append(causes, cause+" "+tokens)
		}
	}
	if len(causes) > 0 {
		lines = append(lines, "waste  of these: "+strings.Join(causes, "; "))
	}
	if tokens := tokensOf(b.Unknown); tokens != "" {
		lines = append(lines, "more   at most "+tokens+": spent on work whose cost was never reported")
	}
	return lines
}

// tokensOf returns the tokens of a usage that are not zero, "" if all are.
func tokensOf(u reasoning.Usage) string {
	var parts []string
	for _, part := range []struct {
		name   string
		tokens int64
	}{{"generated", u.Generated}, {"prompt", u.Prompt}, {"cached", u.Cached}, {"verifier", u.Verifier}} {
		if part.tokens > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", part.tokens, part.name))
		}
	}
	return strings.Join(parts, ", ")
}
