//go:build real

package main

import (
	"context"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	engine "github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/models"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/engine/pocket"
)

const speedModel = "pocket-0.8m"

// A speed is how fast two engines with the same weights write the same requests:
// eight samples of each problem, written side by side on one core.
type speed struct {
	Model string  `json:"model"`
	Here  float64 `json:"pocket_tokens_per_cpu_second"`    // median over rounds
	There float64 `json:"llama_cpp_tokens_per_cpu_second"` // likewise: the whole server, HTTP included
	Ratio float64 `json:"ratio"`                           // median of the rounds' own ratios
}

// speeds measures both engines in turn, round by round, so that what else the
// machine does slows both.
func speeds(ctx context.Context, l *lab) (*speed, error) {
	const rounds, batch, width = 9, 8, 8
	ps, err := problems.Take(rounds*batch, problems.Options{Split: problems.Test, Seed: seed})
	if err != nil {
		return nil, err
	}
	model, err := models.Open(speedModel)
	if err != nil {
		return nil, err
	}
	e := engine.NewEngine(model, engine.Options{Workers: 1, Slots: width})
	defer e.Close()
	there, err := l.pocketServer(speedModel, model, width)
	if err != nil {
		return nil, err
	}
	defer there.stop()

	ask := func(p policy.Policy, r policy.Request) (tokens int64, err error) {
		for c, err := range patient(p).Expand(ctx, r) {
			if err != nil {
				return 0, err
			}
			tokens += c.Usage.Generated
		}
		return tokens, nil
	}
	round := func(p policy.Policy, some []problems.Problem, cpu func() (time.Duration, error)) (float64, error) {
		before, err := cpu()
		if err != nil {
			return 0, err
		}
		var total int64
		for i, problem := range some {
			tokens, err := ask(p, policy.Request{
				Search: fmt.Sprintf("speed-%d", i), Problem: problem.Text, Ordinals: []int{0, 1, 2, 3, 4, 5, 6, 7}, Span: policy.Whole,
				Seed: seed, Sampling: reasoning.Sampling{Temperature: 0.8, TopP: 1, MaxTokens: 160},
			})
			if err != nil {
				return 0, err
			}
			total += tokens
		}
		after, err := cpu()
		return float64(total) / (after - before).Seconds(), err
	}
	if _, err := ask(there, policy.Request{Search: "warm", Problem: ps[0].Text, Ordinals: []int{0}, Sampling: reasoning.Sampling{TopP: 1, MaxTokens: 8}}); err != nil {
		return nil, err
	}
	var here, their, ratio []float64
	for some := range slices.Chunk(ps, batch) {
		a, err := round(pocket.New(e), some, ownCPU)
		if err != nil {
			return nil, err
		}
		b, err := round(there, some, func() (time.Duration, error) { return cpuOf(there.command.Process.Pid) })
		if err != nil {
			return nil, err
		}
		here, their, ratio = append(here, a), append(their, b), append(ratio, a/b)
	}
	s := &speed{Model: speedModel, Here: math.Round(median(here)), There: math.Round(median(their)), Ratio: math.Round(100*median(ratio)) / 100}
	fmt.Fprintf(os.Stderr, "%s, tokens per CPU-second: %.0f in this process, %.0f by llama.cpp, ratio %.2f\n", s.Model, s.Here, s.There, s.Ratio)
	return s, nil
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return xs[len(xs)/2]
}

// ownCPU is the CPU time of this process.
func ownCPU() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// cpuOf is the CPU time of another process, from Linux's /proc: fields 14 and 15 of
// its stat, in hundredths of a second.
func cpuOf(pid int) (time.Duration, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
	var ticks int64
	for _, f := range fields[11:13] {
		n, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += n
	}
	return time.Duration(ticks) * 10 * time.Millisecond, nil
}
