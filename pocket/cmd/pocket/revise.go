package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

type reviseCmd struct {
	longCmd
	Chains      int     `default:"2" help:"Chains a problem."`
	Length      int     `default:"8" help:"Attempts a chain."`
	Temperature float64 `default:"0.8"`
}

// inView is how many of the latest attempts a reviser sees (Snell et al. 2024, arXiv 2408.03314, §6.1).
const inView = 4

// revised is what chains of revisions did, and as many attempts without a view of each other.
type revised struct {
	Attempts  map[int]stats.Interval `json:"attempts"` // right at this place in the chain, from 1
	Parallel  stats.Interval         `json:"parallel"`
	Chain     stats.Interval         `json:"chain_majority"`
	Side      stats.Interval         `json:"parallel_majority"`
	Own       stats.Interval         `json:"own_majority"` // of as many first attempts of the reviser
	Gain      stats.Interval         `json:"gain"`         // chain over parallel majority, paired
	GainOwn   stats.Interval         `json:"gain_over_own"`
	Spoilt    stats.Interval         `json:"right_to_wrong"`
	Repaired  stats.Interval         `json:"wrong_to_right"`
	Repeated  stats.Interval         `json:"wrong_to_same_wrong"`
	Table     table.Table            `json:"table"`
	Decisions table.Table            `json:"decisions"`
}

func (c *reviseCmd) Run() error {
	return c.measure("pocket-reviser", "What a chain of revisions by pocket-reviser reaches, against independent attempts by the policy that it was made of.",
		func(ctx context.Context, model, base *pocket.Engine, ps []problems.Problem) (result, error) {
			return c.compare(ctx, model, base, ps)
		})
}

func (v *revised) tables() []table.Table { return []table.Table{v.Table, v.Decisions} }

func (c *reviseCmd) compare(ctx context.Context, reviser, base *pocket.Engine, ps []problems.Problem) (*revised, error) {
	type outcome struct {
		chains [][]attempt
		side   []attempt
		own    []attempt
	}
	outcomes := make([]outcome, len(ps))
	err := each(ps, func(i int, p problems.Problem) error {
		o := &outcomes[i]
		seeds := rand.New(rand.NewPCG(c.Seed, uint64(i)))
		side, err := solve(ctx, base, p, seeds.Uint64(), c.Chains*c.Length, c.Temperature)
		if err != nil {
			return err
		}
		for _, child := range side {
			o.side = append(o.side, attempted(p, child))
		}
		own, err := solve(ctx, reviser, p, seeds.Uint64(), c.Chains*c.Length, c.Temperature)
		if err != nil {
			return err
		}
		for _, child := range own {
			o.own = append(o.own, attempted(p, child))
		}
		for range c.Chains {
			chain, err := c.chain(ctx, reviser, p, seeds)
			if err != nil {
				return err
			}
			o.chains = append(o.chains, chain)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}

	v := &revised{Attempts: map[int]stats.Interval{}}
	over := func(value func(o outcome) float64) stats.Interval {
		var xs []float64
		for _, o := range outcomes {
			xs = append(xs, value(o))
		}
		return stats.Bootstrap(xs, c.Seed)
	}
	chain := func(o outcome) float64 { return share(o.chains, majority) }
	side := func(o outcome) float64 { return attempts{samples: o.side}.groups(c.Length, majority) }
	first := func(o outcome) float64 { return attempts{samples: o.own}.groups(c.Length, majority) }
	v.Own, v.GainOwn = over(first), over(func(o outcome) float64 { return chain(o) - first(o) })
	v.Parallel = over(func(o outcome) float64 { return attempts{samples: o.side}.groups(1, covered) })
	v.Chain, v.Side = over(chain), over(side)
	v.Gain = over(func(o outcome) float64 { return chain(o) - side(o) })
	v.Table.Header = []string{"attempt", "right"}
	v.Table.Add(baseModel+", independent", v.Parallel.Percent())
	for k := range c.Length {
		v.Attempts[k+1] = over(func(o outcome) float64 {
			return share(o.chains, func(chain []attempt) bool { return chain[k].right })
		})
		v.Table.Add(fmt.Sprint(k+1), v.Attempts[k+1].Percent())
	}
	var right, spoilt, wrong, repaired, repeated int
	for _, o := range outcomes {
		for _, chain := range o.chains {
			for k, next := range chain[1:] {
				switch last := chain[k]; {
				case last.right && !next.right:
					spoilt++
					fallthrough
				case last.right:
					right++
				case next.right:
					repaired++
					fallthrough
				default:
					wrong++
					if next.answer == last.answer {
						repeated++
					}
				}
			}
		}
	}
	v.Spoilt, v.Repaired, v.Repeated = stats.Wilson(spoilt, right), stats.Wilson(repaired, wrong), stats.Wilson(repeated, wrong)
	v.Decisions.Header = []string{"figure", "value", "of"}
	v.Decisions.Add(fmt.Sprintf("majority of a chain of %d", c.Length), v.Chain.Percent(), "chains")
	v.Decisions.Add(fmt.Sprintf("majority of %d independent attempts of %s", c.Length, baseModel), v.Side.Percent(), "")
	v.Decisions.Add("the first more than the second", v.Gain.Percent(), "problems")
	v.Decisions.Add(fmt.Sprintf("majority of %d first attempts of the reviser", c.Length), v.Own.Percent(), "")
	v.Decisions.Add("the chain more than these", v.GainOwn.Percent(), "problems")
	v.Decisions.Add("a right attempt is followed by a wrong one", v.Spoilt.Percent(), fmt.Sprint(right))
	v.Decisions.Add("a wrong attempt is followed by a right one", v.Repaired.Percent(), fmt.Sprint(wrong))
	v.Decisions.Add("a wrong attempt is followed by the same answer", v.Repeated.Percent(), fmt.Sprint(wrong))
	return v, nil
}

// chain lets a reviser attempt a problem again and again.
func (c *reviseCmd) chain(ctx context.Context, e *pocket.Engine, p problems.Problem, seeds *rand.Rand) ([]attempt, error) {
	var chain []attempt
	var texts []string
	for range c.Length {
		r := pocket.Request{
			Prompt: p.Prompt() + strings.Join(texts[max(0, len(texts)-inView):], ""), MaxTokens: maxTokens,
			Temperature: c.Temperature, Seeds: []uint64{seeds.Uint64()},
		}
		child, err := only(ctx, e, r)
		if err != nil {
			return nil, err
		}
		chain = append(chain, attempted(p, child))
		if child.Finish == pocket.FinishEnd { // one that a limit cut is not shown
			texts = append(texts, child.Text()+"\n")
		}
	}
	return chain, nil
}

func attempted(p problems.Problem, c pocket.Child) attempt {
	a := answer(lines(c))
	return attempt{answer: a, right: a == p.Answer, tokens: c.Usage.Generated}
}
