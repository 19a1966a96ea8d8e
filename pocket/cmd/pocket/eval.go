package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/models"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

type evalCmd struct {
	Policies        []string `default:"pocket-0.3m,pocket-0.8m,pocket-0.1m,pocket-2m" help:"Shipped policies; aggregators are compared on the first."`
	RewardModel     string   `default:"pocket-prm" help:"Shipped judge."`
	RewardModelFile string   `type:"existingfile" help:"A judge's GGUF file instead."`
	Choose          int      `default:"10" help:"Validation problems for each number of steps, on which aggregators are compared."`
	PerStep         int      `default:"25" help:"Test problems for each number of steps; 0: only choose."`
	Samples         int      `default:"64" help:"Samples a problem, at least 1."`
	Temperature     float64  `default:"0.8"`
	Seed            uint64   `default:"11"`
	Out             string   `help:"Evidence file to write; else only tables are printed."`
	Date            string   `help:"For the evidence."`
}

// cell is what is known about one policy at one number of steps.
type cell struct {
	Problems int                       `json:"problems"`
	Greedy   stats.Interval            `json:"greedy"`
	Sampled  stats.Interval            `json:"sampled"`
	Majority map[int]stats.Interval    `json:"majority"`
	Best     map[int]stats.Interval    `json:"best"`
	Covered  map[int]stats.Interval    `json:"covered"`
	Reasoned map[int]stats.Interval    `json:"reasoned"`           // covered, and by the solution itself
	Best64By map[string]stats.Interval `json:"best_by_aggregator"` // at the largest N
	Tokens   float64                   `json:"tokens_per_sample"`
}

type policyResult struct {
	Table     table.Table     `json:"table"`
	BestOfN   table.Table     `json:"best_of_n"`
	Selection table.Table     `json:"selection"` // the judge's choice as parts of what could be chosen
	ByStep    map[string]cell `json:"by_steps"`  // "1"…"8" and "all"
}

func (c *evalCmd) Run() error {
	judge, err := c.judge()
	if err != nil {
		return err
	}
	ctx := context.Background()
	ev := evidence.Record{
		Name: strings.TrimSuffix(filepath.Base(c.Out), ".json"), What: "What the shipped pocket models can do, on test problems that no model was trained on or chosen by.",
		Command: "go run ./pocket/cmd/pocket " + strings.Join(os.Args[1:], " "), Date: c.Date, Seeds: []uint64{c.Seed},
		Samples: map[string]int{"problems per number of steps": c.PerStep, "samples per problem": c.Samples},
	}
	ev.Models = append(ev.Models, identity(judge.Identity()))
	for _, name := range c.Policies {
		m, err := models.Open(name)
		if err != nil {
			return err
		}
		ev.Models = append(ev.Models, identity(m.Identity()))
	}
	results := map[string]any{"temperature": c.Temperature}
	choice, err := c.policy(ctx, c.Policies[0], judge, problems.Validation, c.Choose, newScoreReport())
	if err != nil {
		return err
	}
	results["validation"] = map[string]any{"policy": c.Policies[0], "problems per number of steps": c.Choose, "table": choice.BestOfN}
	if c.PerStep == 0 {
		return nil
	}
	report := newScoreReport()
	policies := map[string]policyResult{}
	for _, name := range c.Policies {
		r, err := c.policy(ctx, name, judge, problems.Test, c.PerStep, report)
		if err != nil {
			return err
		}
		policies[key(name)] = r
	}
	results["policies"] = policies
	verdict := report.result(judge, c.Seed)
	results["judge"] = verdict
	fmt.Println()
	_ = verdict.Table.WriteText(os.Stdout)
	fmt.Println()
	_ = verdict.Calibration.WriteText(os.Stdout)
	if c.Out == "" {
		return nil
	}
	ev.Results = results
	return ev.Write(c.Out)
}

func (c *evalCmd) judge() (*pocket.RewardModel, error) {
	if c.RewardModelFile == "" {
		return models.OpenRewardModel(c.RewardModel, pocket.Options{})
	}
	file, err := os.ReadFile(c.RewardModelFile)
	if err != nil {
		return nil, err
	}
	return pocket.OpenRewardModel(file, pocket.Options{})
}

func identity(id pocket.Identity) evidence.Identity {
	return evidence.Identity{Name: id.Name, SHA256: id.SHA256, Params: int64(id.Parameters)}
}

// key is a model's name as a key that evidence can be quoted by.
func key(name string) string { return strings.ReplaceAll(name, ".", "_") }

// policy measures one policy at each number of steps, and prints.
func (c *evalCmd) policy(ctx context.Context, name string, j *pocket.RewardModel, split problems.Split, perStep int, report *scoreReport) (policyResult, error) {
	m, err := models.Open(name)
	if err != nil {
		return policyResult{}, err
	}
	e := pocket.NewEngine(m, pocket.Options{})
	defer e.Close()
	r := policyResult{ByStep: map[string]cell{}}
	sizes := []int{1, 4, 16, 64}
	for sizes[len(sizes)-1] > c.Samples {
		sizes = sizes[:len(sizes)-1]
	}
	most := sizes[len(sizes)-1]
	r.Table.Header = []string{"steps", "problems", "greedy", "one sample", fmt.Sprintf("majority of %d", most), fmt.Sprintf("best of %d", most), fmt.Sprintf("any of %d", most), fmt.Sprintf("any path of %d", most)}
	r.Selection.Header = []string{"steps", fmt.Sprintf("best / any of %d", most), fmt.Sprintf("best / any path of %d", most)}
	r.BestOfN.Header = []string{"steps"}
	for _, n := range sizes {
		r.BestOfN.Header = append(r.BestOfN.Header, fmt.Sprintf("best of %d", n))
	}
	for _, name := range []string{"min", "prod", "last"} {
		r.BestOfN.Header = append(r.BestOfN.Header, fmt.Sprintf("%s, %d", name, most))
	}
	var all []attempts
	add := func(label string, as []attempts) {
		v := summarise(as, sizes, j.Aggregator(), c.Seed)
		r.ByStep[label] = v
		r.Table.Add(label, fmt.Sprint(v.Problems), v.Greedy.Percent(), v.Sampled.Percent(), v.Majority[most].Percent(), v.Best[most].Percent(), v.Covered[most].Percent(), v.Reasoned[most].Percent())
		r.Selection.Add(label, ratio(v.Best[most], v.Covered[most]), ratio(v.Best[most], v.Reasoned[most]))
		row := []string{label}
		for _, n := range sizes {
			row = append(row, v.Best[n].Percent())
		}
		for _, name := range []string{"min", "prod", "last"} {
			row = append(row, fmt.Sprintf("%.1f %%", 100*v.Best64By[name].Mean))
		}
		r.BestOfN.Add(row...)
	}
	for steps := 1; steps <= problems.MaxSteps; steps++ {
		ps, err := problems.Take(perStep, problems.Options{Split: split, Seed: c.Seed, NSteps: steps})
		if err != nil {
			return r, err
		}
		var as []attempts
		for i, p := range ps {
			a, err := tryProblem(ctx, e, j, p, c.Seed<<20+uint64(steps<<12+i), c.Samples, c.Temperature)
			if err != nil {
				return r, err
			}
			as = append(as, a)
			report.add(a)
		}
		add(fmt.Sprint(steps), as)
		all = append(all, as...)
	}
	add("all", all)
	fmt.Printf("\n%s, %s problems\n\n", name, split)
	_ = r.Table.WriteText(os.Stdout)
	fmt.Println()
	_ = r.BestOfN.WriteText(os.Stdout)
	fmt.Println()
	_ = r.Selection.WriteText(os.Stdout)
	return r, nil
}

// ratio of two means; empty where the second is 0.
func ratio(a, b stats.Interval) string {
	if b.Mean == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", a.Mean/b.Mean)
}

// summarise makes estimates over problems.
func summarise(as []attempts, sizes []int, aggregator string, seed uint64) cell {
	over := func(value func(attempts) float64) stats.Interval {
		xs := make([]float64, len(as))
		for i, a := range as {
			xs[i] = value(a)
		}
		return stats.Bootstrap(xs, seed)
	}
	by := func(n int, pick func([]attempt) bool) stats.Interval {
		return over(func(a attempts) float64 { return a.groups(n, pick) })
	}
	v := cell{
		Problems: len(as),
		Sampled:  by(1, covered),
		Majority: map[int]stats.Interval{}, Best: map[int]stats.Interval{}, Covered: map[int]stats.Interval{}, Reasoned: map[int]stats.Interval{},
		Best64By: map[string]stats.Interval{},
	}
	greedy, tokens, samples := 0, 0, 0
	for _, a := range as {
		if a.greedy {
			greedy++
		}
		for _, s := range a.samples {
			tokens, samples = tokens+s.tokens, samples+1
		}
	}
	v.Greedy = stats.Wilson(greedy, len(as))
	v.Tokens = float64(tokens) / float64(samples)
	for _, n := range sizes {
		v.Majority[n], v.Covered[n], v.Reasoned[n] = by(n, majority), by(n, covered), by(n, reasoned)
		v.Best[n] = by(n, best(aggregators[aggregator]))
	}
	for name, f := range aggregators {
		v.Best64By[name] = by(sizes[len(sizes)-1], best(f))
	}
	return v
}
