package main

import (
	"fmt"
	"regexp"
	"strings"
)

// failures counts the children of a search that failed, by their causes.
type failures struct {
	causes []string // in the order in which they were seen first
	counts map[string]int
}

// add counts a child that failed for a reason.
func (f *failures) add(reason string) {
	c := cause(reason)
	if f.counts == nil {
		f.counts = map[string]int{}
	}
	if f.counts[c] == 0 {
		f.causes = append(f.causes, c)
	}
	f.counts[c]++
}

// explain reports whether a text of what was degraded says no more than that children failed, for causes that were counted.
func (f failures) explain(degraded string) bool {
	reason, ok := strings.CutPrefix(degraded, "some children failed: ")
	return ok && f.counts[cause(times.ReplaceAllString(reason, ""))] > 0
}

// times matches the count at the end of a text of what was degraded.
var times = regexp.MustCompile(` \(\d+ times\)$`)

// Parts of a reason that differ between children that failed for one cause: the job and the worker that generated them.
var (
	jobName    = regexp.MustCompile(`\bjob @[0-9a-f]+(/\S+)?: `)
	lastWorker = regexp.MustCompile(`, the last by worker \S+: `)
)

// cause returns a reason without the names of the job and the worker.
func cause(reason string) string {
	return lastWorker.ReplaceAllString(jobName.ReplaceAllString(reason, ""), ": ")
}

// children returns a number of children in words.
func children(n int) string {
	if n == 1 {
		return "1 child"
	}
	return fmt.Sprintf("%d children", n)
}
