package cards

import (
	"context"
	"fmt"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/pocket/attempt"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// Reviser measures pocket-reviser: chains of revisions against independent attempts (Snell et al. 2024, arXiv
// 2408.03314, §6).
type Reviser struct {
	comparison  `embed:""`
	Chains      int     `default:"2" help:"Chains per problem, each a search of its own."`
	Length      int     `default:"8" help:"Attempts per chain."`
	Temperature float64 `default:"0.8" help:"Sampling temperature."`
}

// Run implements the command.
func (c *Reviser) Run(ctx context.Context) error {
	return c.run(ctx, "pocket-reviser",
		"Accuracy of chains of revisions by pocket-reviser, against independent attempts by the policy that it was fine-tuned from.",
		func(ctx context.Context, reviser, base *solver, ps []problems.Problem) (result, error) {
			return c.measure(ctx, reviser, base, ps)
		})
}

// A reviserResult holds the accuracies of chains of revisions and of equally many independent attempts.
type reviserResult struct {
	Attempts         map[int]stats.Interval `json:"attempts"` // accuracy by place in the chain, from 1
	Parallel         stats.Interval         `json:"parallel"`
	ChainMajority    stats.Interval         `json:"chain_majority"`
	ParallelMajority stats.Interval         `json:"parallel_majority"`
	OwnMajority      stats.Interval         `json:"own_majority"` // of equally many independent attempts of the reviser
	Gain             stats.Interval         `json:"gain"`         // of the chain over the parallel majority, paired
	GainOwn          stats.Interval         `json:"gain_over_own"`
	RightToWrong     stats.Interval         `json:"right_to_wrong"`
	WrongToRight     stats.Interval         `json:"wrong_to_right"`
	WrongToSame      stats.Interval         `json:"wrong_to_same_wrong"`
	Table            table.Table            `json:"table"`
	Decisions        table.Table            `json:"decisions"`
}

func (r *reviserResult) tables() []table.Table { return []table.Table{r.Table, r.Decisions} }

func (c *Reviser) measure(ctx context.Context, reviser, base *solver, ps []problems.Problem) (*reviserResult, error) {
	majority := search.Majority{N: c.Length, Exhaustive: true}
	chain := search.Revisions{N: c.Length, Chains: 1, NoVerifier: true}
	side, err := c.searches(ctx, base, ps, majority)
	if err != nil {
		return nil, err
	}
	own, err := c.searches(ctx, reviser, ps, majority)
	if err != nil {
		return nil, err
	}
	chains, err := c.searches(ctx, reviser, ps, chain)
	if err != nil {
		return nil, err
	}
	r := &reviserResult{
		Attempts: map[int]stats.Interval{}, Parallel: c.over(side.sampled()), ChainMajority: c.over(chains.chosen()),
		ParallelMajority: c.over(side.chosen()), OwnMajority: c.over(own.chosen()),
		Gain: c.over(minus(chains.chosen(), side.chosen())), GainOwn: c.over(minus(chains.chosen(), own.chosen())),
	}
	for k := range c.Length {
		r.Attempts[k+1] = c.over(chains.attempt(k))
	}
	right, wrong := r.follow(chains)
	r.tabulate(c.Length, right, wrong)
	return r, nil
}

// trials holds the searches of problems by one strategy, with a seed for each chain.
type trials struct {
	problems []problems.Problem
	seeds    [][]outcome // by seed and problem
}

// searches runs the searches of all problems and seeds.
func (c *Reviser) searches(ctx context.Context, s *solver, ps []problems.Problem, by search.Strategy) (trials, error) {
	t := trials{problems: ps}
	for i := range c.Chains {
		seed := reasoning.Seed(c.Seed + uint64(i))
		searches, err := s.solveAll(ctx, ps, planner.Request{
			Strategy: by, Seed: &seed, Temperature: &c.Temperature, MaxTokens: new(attempt.MaxTokens),
		})
		if err != nil {
			return t, err
		}
		for i, s := range searches {
			if len(s.nodes) != c.Length {
				return t, fmt.Errorf("the search of %q must have %d attempts, has %d", ps[i].Text, c.Length, len(s.nodes))
			}
		}
		t.seeds = append(t.seeds, searches)
	}
	return t, nil
}

func (c *Reviser) over(xs []float64) stats.Interval { return stats.Bootstrap(xs, c.Seed) }

// mean returns the mean of a value over seeds, by problem.
func (t trials) mean(value func(p problems.Problem, s outcome) float64) []float64 {
	xs := make([]float64, len(t.problems))
	for _, searches := range t.seeds {
		for i, s := range searches {
			xs[i] += value(t.problems[i], s) / float64(len(t.seeds))
		}
	}
	return xs
}

// chosen returns the accuracy of the searches' answers.
func (t trials) chosen() []float64 {
	return t.mean(func(p problems.Problem, s outcome) float64 { return one(answer.Correct(s.answer, p.Answer)) })
}

// attempt returns the accuracy of the attempts at place k of the chain, from 0.
func (t trials) attempt(k int) []float64 {
	return t.mean(func(p problems.Problem, s outcome) float64 {
		return one(answer.Correct(s.nodes[k].Answer, p.Answer))
	})
}

// sampled returns the mean accuracy of all attempts.
func (t trials) sampled() []float64 {
	return t.mean(func(p problems.Problem, s outcome) float64 {
		right := 0.0
		for _, n := range s.nodes {
			right += one(answer.Correct(n.Answer, p.Answer))
		}
		return right / float64(len(s.nodes))
	})
}

// one returns 1 for true, 0 for false.
func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

// minus returns a − b by element.
func minus(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i := range a {
		d[i] = a[i] - b[i]
	}
	return d
}

// follow sets RightToWrong, WrongToRight and WrongToSame from the chains, and returns the numbers of right and
// of wrong attempts that have a successor.
func (r *reviserResult) follow(chains trials) (right, wrong int) {
	var spoilt, repaired, repeated int
	for _, searches := range chains.seeds {
		for i, s := range searches {
			for k, next := range s.nodes[1:] {
				last, nextRight := s.nodes[k], answer.Correct(next.Answer, chains.problems[i].Answer)
				if answer.Correct(last.Answer, chains.problems[i].Answer) {
					right++
					if !nextRight {
						spoilt++
					}
					continue
				}
				wrong++
				if nextRight {
					repaired++
				}
				if next.Answer == last.Answer {
					repeated++
				}
			}
		}
	}
	r.RightToWrong, r.WrongToRight, r.WrongToSame = stats.Wilson(spoilt, right), stats.Wilson(repaired,
		wrong), stats.Wilson(repeated, wrong)
	return right, wrong
}

func (r *reviserResult) tabulate(length, right, wrong int) {
	r.Table = table.New("attempt", "right")
	r.Table.Add(baseModel+", independent", r.Parallel.Percent())
	for k := range length {
		r.Table.Add(fmt.Sprint(k+1), r.Attempts[k+1].Percent())
	}
	r.Decisions = table.New("figure", "value", "of")
	r.Decisions.Add(fmt.Sprintf("majority of a chain of %d", length), r.ChainMajority.Percent(), "chains")
	r.Decisions.Add(fmt.Sprintf("majority of %d independent attempts of %s", length, baseModel), r.ParallelMajority.Percent(), "")
	r.Decisions.Add("gain of the chain over independent attempts", r.Gain.Percent(), "problems")
	r.Decisions.Add(fmt.Sprintf("majority of %d first attempts of the reviser", length), r.OwnMajority.Percent(), "")
	r.Decisions.Add("gain of the chain over the reviser's first attempts", r.GainOwn.Percent(), "problems")
	r.Decisions.Add("a right attempt is followed by a wrong one", r.RightToWrong.Percent(), fmt.Sprint(right))
	r.Decisions.Add("a wrong attempt is followed by a right one", r.WrongToRight.Percent(), fmt.Sprint(wrong))
	r.Decisions.Add("a wrong attempt is followed by the same answer", r.WrongToSame.Percent(), fmt.Sprint(wrong))
}
