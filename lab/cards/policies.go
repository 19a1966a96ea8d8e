package cards

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
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Policies measures shipped policies and a reward model, without a search.
type Policies struct {
	Policies        []string `default:"pocket-0.3m,pocket-0.8m,pocket-0.1m,pocket-2m" help:"Shipped policies; aggregators are compared on the first."`
	RewardModel     string   `default:"pocket-prm" help:"Shipped reward model."`
	RewardModelFile string   `type:"existingfile" help:"A reward model's GGUF file instead."`
	Choose          int      `default:"10" help:"Validation problems for each number of steps, on which aggregators are compared."`
	PerStep         int      `default:"25" help:"Test problems for each number of steps; 0: aggregators are compared, and nothing else is measured."`
	Samples         int      `default:"64" help:"Samples per problem, at least 1."`
	Temperature     float64  `default:"0.8" help:"Sampling temperature."`
	Seed            uint64   `default:"11" help:"Seed of problems and samples."`
	Out             string   `help:"Evidence file to write; if it is not given, tables are only printed."`
	Date            string   `help:"Date of the evidence."`
}

// A cell holds the accuracies of one policy on problems of one number of steps. Maps are by N.
type cell struct {
	Problems int                       `json:"problems"`
	Greedy   stats.Interval            `json:"greedy"`
	Sampled  stats.Interval            `json:"sampled"`
	Majority map[int]stats.Interval    `json:"majority"`
	Best     map[int]stats.Interval    `json:"best"`
	Covered  map[int]stats.Interval    `json:"covered"`
	Reasoned map[int]stats.Interval    `json:"reasoned"`           // groups with a sample that is right line by line
	BestBy   map[string]stats.Interval `json:"best_by_aggregator"` // at the largest N
	Tokens   float64                   `json:"tokens_per_sample"`
}

// A policyResult holds the accuracies of one policy by number of steps.
type policyResult struct {
	Table     table.Table     `json:"table"`
	BestOfN   table.Table     `json:"best_of_n"`
	Selection table.Table     `json:"selection"` // accuracy of the reward model's choice over that of a perfect choice
	ByStep    map[string]cell `json:"by_steps"`  // "1"…"8" and "all"
}

// aggregators are the compared aggregators, in the order of columns.
var aggregators = []verifier.Aggregator{verifier.AggregatorMin, verifier.AggregatorProd, verifier.AggregatorLast}

// Run implements the command.
func (c *Policies) Run(ctx context.Context) error {
	rm, err := c.rewardModel()
	if err != nil {
		return err
	}
	identities := []evidence.Identity{identity(rm.Identity())}
	for _, name := range c.Policies {
		m, err := models.Open(name)
		if err != nil {
			return err
		}
		identities = append(identities, identity(m.Identity()))
	}
	results := map[string]any{"temperature": c.Temperature}
	choice, err := c.measure(ctx, c.Policies[0], rm, problems.Validation, c.Choose, &scores{})
	if err != nil {
		return err
	}
	results["validation"] = map[string]any{"policy": c.Policies[0], "problems per number of steps": c.Choose,
		"table": choice.BestOfN}
	if c.PerStep == 0 {
		return nil
	}
	var scored scores
	policies := map[string]policyResult{}
	for _, name := range c.Policies {
		r, err := c.measure(ctx, name, rm, problems.Test, c.PerStep, &scored)
		if err != nil {
			return err
		}
		policies[key(name)] = r
	}
	results["policies"] = policies
	quality := scored.quality(rm, c.Seed)
	results["reward_model"] = quality
	if err := printTables(quality.Table, quality.Calibration); err != nil {
		return err
	}
	if c.Out == "" {
		return nil
	}
	return evidence.Record{
		Name:    strings.TrimSuffix(filepath.Base(c.Out), ".json"),
		What:    "What the shipped pocket models can do, on test problems that no model was trained on or chosen by.",
		Command: command(), Date: c.Date, Seeds: []uint64{c.Seed}, Models: identities,
		Samples: map[string]int{"problems per number of steps": c.PerStep, "samples per problem": c.Samples},
		Results: results,
	}.Write(c.Out)
}

func (c *Policies) rewardModel() (*pocket.RewardModel, error) {
	if c.RewardModelFile == "" {
		return models.OpenRewardModel(c.RewardModel, pocket.Options{})
	}
	file, err := os.ReadFile(c.RewardModelFile)
	if err != nil {
		return nil, err
	}
	return pocket.OpenRewardModel(file, pocket.Options{})
}

// key returns a model's name as a key of evidence, in which a dot separates.
func key(name string) string { return strings.ReplaceAll(name, ".", "_") }

// measure measures one policy at each number of steps, adds the scores of its samples to scored, and prints
// the tables.
func (c *Policies) measure(ctx context.Context, name string, rm *pocket.RewardModel, split problems.Split, perStep int,
	scored *scores) (policyResult, error) {
	m, err := models.Open(name)
	if err != nil {
		return policyResult{}, err
	}
	own, err := verifier.ParseAggregator(rm.Aggregator())
	if err != nil {
		return policyResult{}, err
	}
	e := pocket.NewEngine(m, pocket.Options{})
	defer e.Close()
	r := newPolicyResult(c.sizes())
	var all []samples
	for steps := 1; steps <= problems.MaxSteps; steps++ {
		ps, err := problems.Take(perStep, problems.Options{Split: split, Seed: c.Seed, NSteps: steps})
		if err != nil {
			return r, err
		}
		var some []samples
		for i, p := range ps {
			s, err := draw(ctx, e, rm, p, c.Seed<<20+uint64(steps<<12+i), c.Samples, c.Temperature)
			if err != nil {
				return r, err
			}
			some = append(some, s)
			scored.add(s)
		}
		r.add(fmt.Sprint(steps), summarise(some, c.sizes(), own, c.Seed), c.sizes())
		all = append(all, some...)
	}
	r.add("all", summarise(all, c.sizes(), own, c.Seed), c.sizes())
	fmt.Printf("\n%s, %s problems\n", name, split)
	return r, printTables(r.Table, r.BestOfN, r.Selection)
}

// sizes returns the sizes N of the groups into which samples are divided.
func (c *Policies) sizes() []int {
	sizes := []int{1, 4, 16, 64}
	for sizes[len(sizes)-1] > c.Samples {
		sizes = sizes[:len(sizes)-1]
	}
	return sizes
}

func newPolicyResult(sizes []int) policyResult {
	r, most := policyResult{ByStep: map[string]cell{}}, sizes[len(sizes)-1]
	r.Table = table.New("steps", "problems", "greedy", "one sample", fmt.Sprintf("majority of %d", most),
		fmt.Sprintf("best of %d", most),
		fmt.Sprintf("any of %d", most), fmt.Sprintf("any path of %d", most))
	r.Selection = table.New("steps", fmt.Sprintf("best / any of %d", most), fmt.Sprintf("best / any path of %d", most))
	r.BestOfN = table.New("steps")
	for _, n := range sizes {
		r.BestOfN.Header = append(r.BestOfN.Header, fmt.Sprintf("best of %d", n))
	}
	for _, a := range aggregators {
		r.BestOfN.Header = append(r.BestOfN.Header, fmt.Sprintf("%s, %d", a, most))
	}
	return r
}

// add adds a row with this label to each table.
func (r *policyResult) add(label string, v cell, sizes []int) {
	most := sizes[len(sizes)-1]
	r.ByStep[label] = v
	r.Table.Add(label, fmt.Sprint(v.Problems), v.Greedy.Percent(), v.Sampled.Percent(), v.Majority[most].Percent(),
		v.Best[most].Percent(),
		v.Covered[most].Percent(), v.Reasoned[most].Percent())
	r.Selection.Add(label, ratio(v.Best[most], v.Covered[most]), ratio(v.Best[most], v.Reasoned[most]))
	row := []string{label}
	for _, n := range sizes {
		row = append(row, v.Best[n].Percent())
	}
	for _, a := range aggregators {
		row = append(row, fmt.Sprintf("%.1f %%", 100*v.BestBy[a.String()].Mean))
	}
	r.BestOfN.Add(row...)
}

// ratio returns the ratio of two means, "" if the second is 0.
func ratio(a, b stats.Interval) string {
	if b.Mean == 0 {
		return ""
	}
	return fmt.Sprintf("%.2f", a.Mean/b.Mean)
}

// summarise returns the means over problems with their intervals. own is the reward model's aggregator.
func summarise(all []samples, sizes []int, own verifier.Aggregator, seed uint64) cell {
	share := func(n int, holds func([]sample) bool) stats.Interval {
		xs := make([]float64, len(all))
		for i, s := range all {
			xs[i] = s.groups(n, holds)
		}
		return stats.Bootstrap(xs, seed)
	}
	v := cell{
		Problems: len(all),
		Sampled:  share(1, covered),
		Majority: map[int]stats.Interval{}, Best: map[int]stats.Interval{}, Covered: map[int]stats.Interval{},
		Reasoned: map[int]stats.Interval{},
		BestBy:   map[string]stats.Interval{},
	}
	greedy, tokens, drawn := 0, 0, 0
	for _, s := range all {
		if s.greedy {
			greedy++
		}
		for _, d := range s.drawn {
			tokens, drawn = tokens+d.tokens, drawn+1
		}
	}
	v.Greedy = stats.Wilson(greedy, len(all))
	v.Tokens = float64(tokens) / float64(drawn)
	for _, n := range sizes {
		v.Majority[n], v.Covered[n], v.Reasoned[n] = share(n, majority), share(n, covered), share(n, reasoned)
		v.Best[n] = share(n, best(own))
	}
	for _, a := range aggregators {
		v.BestBy[a.String()] = share(sizes[len(sizes)-1], best(a))
	}
	return v
}
