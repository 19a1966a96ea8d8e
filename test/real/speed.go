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

// A speed compares the speed of two engines with the same weights on the same requests:
// eight concurrent samples of each problem on one core. All figures are medians over
// rounds.
type speed struct {
	Model    string  `json:"model"`
	Pocket   float64 `json:"pocket_tokens_per_cpu_second"`
	LlamaCpp float64 `json:"llama_cpp_tokens_per_cpu_second"` // of the whole server, HTTP included
	Ratio    float64 `json:"ratio"`
}

// speeds measures both engines in turn, round by round, so that other load on the
// machine affects both.
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
	server, err := l.pocketServer(speedModel, model, width)
	if err != nil {
		return nil, err
	}
	defer server.stop()

	generate := func(p policy.Policy, r policy.Request) (tokens int64, err error) {
		for c, err := range withRetry(p).Expand(ctx, r) {
			if err != nil {
				return 0, err
			}
			tokens += c.Usage.Generated
		}
		return tokens, nil
	}
	round := func(p policy.Policy, chunk []problems.Problem, cpu func() (time.Duration, error)) (float64, error) {
		before, err := cpu()
		if err != nil {
			return 0, err
		}
		var total int64
		for i, problem := range chunk {
			tokens, err := generate(p, policy.Request{
				Search: fmt.Sprintf("speed-%d", i), Problem: problem.Text, Span: policy.Whole,
				Ordinals: []int{0, 1, 2, 3, 4, 5, 6, 7},
				Seed:     seed, Sampling: reasoning.Sampling{Temperature: 0.8, TopP: 1, MaxTokens: 160},
			})
			if err != nil {
				return 0, err
			}
			total += tokens
		}
		after, err := cpu()
		return float64(total) / (after - before).Seconds(), err
	}
	warmUp := policy.Request{
		Search: "warm", Problem: ps[0].Text, Ordinals: []int{0}, Sampling: reasoning.Sampling{TopP: 1, MaxTokens: 8},
	}
	if _, err := generate(server, warmUp); err != nil {
		return nil, err
	}
	var pocketSpeeds, llamaSpeeds, ratios []float64
	for chunk := range slices.Chunk(ps, batch) {
		a, err := round(pocket.New(e), chunk, ownCPU)
		if err != nil {
			return nil, err
		}
		b, err := round(server, chunk, func() (time.Duration, error) { return cpuOf(server.command.Process.Pid) })
		if err != nil {
			return nil, err
		}
		pocketSpeeds, llamaSpeeds, ratios = append(pocketSpeeds, a), append(llamaSpeeds, b), append(ratios, a/b)
	}
	s := &speed{
		Model:    speedModel,
		Pocket:   math.Round(median(pocketSpeeds)),
		LlamaCpp: math.Round(median(llamaSpeeds)),
		Ratio:    math.Round(100*median(ratios)) / 100,
	}
	fmt.Fprintf(os.Stderr, "%s, tokens per CPU-second: %.0f in this process, %.0f by llama.cpp, ratio %.2f\n",
		s.Model, s.Pocket, s.LlamaCpp, s.Ratio)
	return s, nil
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return xs[len(xs)/2]
}

// ownCPU returns the CPU time of this process.
func ownCPU() (time.Duration, error) {
	var u syscall.Rusage
	err := syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano()), err
}

// cpuOf returns the CPU time of another process, from fields 14 and 15 of its stat in
// Linux's /proc, in hundredths of a second.
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
