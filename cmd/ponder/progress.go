package main

import (
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/ponder-mesh/ponder/lab/bench"
)

// A progress prints the progress of a bench. On a terminal it overwrites one line; elsewhere it prints a line
// for the first result and then at most one every ten seconds.
type progress struct {
	to             io.Writer
	title          string // begins each line; may be empty
	overwrite      bool   // overwrite the last line
	every          time.Duration
	total          int // tasks
	before         int // tasks that earlier runs have done
	start, printed time.Time

	done, searched, right int // results, those of searches, and those that are right
	tokens                int64
}

func newProgress(to io.Writer, terminal bool, tasks, left [][]bench.Task) *progress {
	now := time.Now()
	p := &progress{to: to, overwrite: terminal, every: 10 * time.Second, start: now, printed: now}
	if terminal {
		p.every = 100 * time.Millisecond
	}
	p.total = len(slices.Concat(tasks...))
	p.before = p.total - len(slices.Concat(left...))
	if p.before > 0 {
		fmt.Fprintf(to, "%d of %d searches were done before\n", p.before, p.total)
	}
	return p
}

// add counts a result and prints a line if it is time.
func (p *progress) add(r bench.Result, now time.Time) {
	p.done++
	p.tokens += r.Tokens.Generated
	if r.Arm.Kind != bench.KindDifficulty {
		p.searched++
	}
	if r.Right {
		p.right++
	}
	if p.done == 1 || now.Sub(p.printed) >= p.every {
		p.print(now)
	}
}

// end prints the last line.
func (p *progress) end(now time.Time) {
	if p.done == 0 {
		return
	}
	p.print(now)
	if p.overwrite {
		fmt.Fprintln(p.to)
	}
}

func (p *progress) print(now time.Time) {
	p.printed = now
	took := now.Sub(p.start)
	left := took / time.Duration(p.done) * time.Duration(p.total-p.before-p.done)
	begin, end := "", "\n"
	if p.overwrite {
		begin, end = "\r\x1b[K\x1b[?7l", "\x1b[?7h" // clipped, and not wrapped, where the terminal is narrow
	}
	fmt.Fprintf(p.to, "%s%s%d/%d searches, %v left, %.0f tokens/s, %.1f %% right%s", begin, p.title,
		p.before+p.done, p.total, left.Round(time.Second), float64(p.tokens)/max(took.Seconds(), 1e-3),
		100*float64(p.right)/float64(max(1, p.searched)), end)
}
