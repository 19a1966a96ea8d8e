package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/measure"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

type thinkCmd struct {
	longCmd
	Budgets []int `default:"10,20,40,80" help:"Tokens of thinking at most, each a run."`
	Waits   []int `default:"0,1,2,4" help:"Ends of thinking that are put off with Wait, each a run."`
}

// thought is what budget forcing did (s1, Muennighoff et al. 2025, arXiv 2501.19393).
type thought struct {
	Runs    []thoughtRun   `json:"runs"`
	Base    stats.Interval `json:"base"` // the policy that it was made of, greedily
	Table   table.Table    `json:"table"`
	Scaling table.Table    `json:"scaling"` // s1 §3.2: the mean slope between runs, in points of accuracy for 100 tokens of thinking
}

type thoughtRun struct {
	Budget   int            `json:"budget,omitempty"`
	Waits    int            `json:"waits"`
	Tokens   float64        `json:"tokens"` // of thinking, the mean
	Cut      float64        `json:"cut"`    // the share of thinking that the budget cut
	Own      float64        `json:"own"`    // the share in which the thinker wrote Wait of its own accord
	Accuracy stats.Interval `json:"accuracy"`
}

func (c *thinkCmd) Run() error {
	return c.measure("pocket-thinker", "What pocket-thinker makes of more and less thinking, by budget forcing at temperature 0.",
		func(ctx context.Context, model, base *pocket.Engine, ps []problems.Problem) (result, error) {
			return c.force(ctx, model, base, ps)
		})
}

func (v *thought) tables() []table.Table { return []table.Table{v.Table, v.Scaling} }

func (c *thinkCmd) force(ctx context.Context, thinker, base *pocket.Engine, ps []problems.Problem) (*thought, error) {
	v := &thought{Table: table.Table{Header: []string{"run", "tokens of thinking", "right", "1-4 steps", "5-8 steps", "cut", "Waits of its own"}}}
	right := make([]float64, len(ps))
	err := each(ps, func(i int, p problems.Problem) error {
		greedy, err := solve(ctx, base, p, 0, 1, 0)
		if err == nil && answer(lines(greedy[0])) == p.Answer {
			right[i] = 1
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	add := func(cells ...string) { // with accuracies in the middle
		var easy, hard []float64
		for i, p := range ps {
			if p.NSteps <= problems.MaxSteps/2 {
				easy = append(easy, right[i])
			} else {
				hard = append(hard, right[i])
			}
		}
		row := append([]string(nil), cells[:2]...)
		for _, xs := range [][]float64{right, easy, hard} {
			row = append(row, stats.Bootstrap(xs, c.Seed).Percent())
		}
		v.Table.Add(append(row, cells[2:]...)...)
	}
	v.Base = stats.Bootstrap(right, c.Seed)
	add(baseModel+", greedy", "")
	var runs []thoughtRun
	for _, n := range c.Budgets {
		runs = append(runs, thoughtRun{Budget: n})
	}
	for _, n := range c.Waits {
		runs = append(runs, thoughtRun{Waits: n})
	}
	for _, run := range runs {
		got := make([]thinking, len(ps))
		err := each(ps, func(i int, p problems.Problem) (err error) {
			got[i], err = think(ctx, thinker, p, run.Budget, run.Waits)
			return err
		})
		if err != nil {
			return nil, err
		}
		n := float64(len(ps))
		for i, t := range got {
			right[i] = 0
			if t.answer == ps[i].Answer {
				right[i] = 1
			}
			run.Tokens += float64(t.tokens) / n
		}
		run.Cut, run.Own = share(got, func(t thinking) bool { return t.cut }), share(got, func(t thinking) bool { return t.own })
		run.Accuracy = stats.Bootstrap(right, c.Seed)
		v.Runs = append(v.Runs, run)
		label := fmt.Sprintf("at most %d tokens", run.Budget)
		if run.Budget == 0 {
			label = fmt.Sprintf("%d × Wait", run.Waits)
		}
		add(label, fmt.Sprintf("%.0f", run.Tokens), fmt.Sprintf("%.0f %%", 100*run.Cut), fmt.Sprintf("%.0f %%", 100*run.Own))
	}
	natural := len(c.Budgets) // the first run without a budget is the last end of both
	v.Scaling.Header = []string{"runs", "Control", "Scaling, points a 100 tokens", "Performance"}
	for _, s := range []struct {
		name string
		runs []thoughtRun
	}{{"budgets, and none", v.Runs[:natural+1]}, {"Waits", v.Runs[natural:]}, {"all", v.Runs}} {
		var points []measure.Run
		kept, bounded := 0.0, 0.0
		for _, run := range s.runs {
			points = append(points, measure.Run{Tokens: run.Tokens / 100, Accuracy: 100 * run.Accuracy.Mean})
			if run.Budget > 0 {
				within, err := measure.Control(points[len(points)-1:], 0, float64(run.Budget)/100)
				if err != nil {
					return nil, err
				}
				kept, bounded = kept+within, bounded+1
			}
		}
		control := "–"
		if bounded > 0 {
			control = fmt.Sprintf("%.0f %%", 100*kept/bounded)
		}
		best, err := measure.Performance(points)
		if err != nil {
			return nil, err
		}
		slope, err := measure.Scaling(points)
		if err != nil {
			return nil, err
		}
		v.Scaling.Add(s.name, control, fmt.Sprintf("%+.1f", slope), fmt.Sprintf("%.1f %%", best))
	}
	return v, nil
}

// thinking is how one problem was thought about.
type thinking struct {
	answer   string
	tokens   int // one a character
	cut, own bool
}

const (
	endOfThinking = "#\n"
	wait          = "Wait\n"
	unlimited     = 560 // tokens of thinking where there is no budget: five passes of the longest
)

// think lets a thinker think greedily, for at most budget tokens (0: no limit), and
// puts off the first ends of its thinking.
func think(ctx context.Context, e *pocket.Engine, p problems.Problem, budget, waits int) (thinking, error) {
	if budget == 0 {
		budget = unlimited
	}
	t, text := thinking{}, ""
	for forced := 0; !t.cut && forced <= waits; forced++ {
		if forced > 0 {
			text += wait
		}
		left := budget - len(text)
		if left <= 0 {
			t.cut = true
			break
		}
		child, err := only(ctx, e, pocket.Request{Prompt: p.Prompt() + text, Seeds: []uint64{0}, MaxTokens: left + len(endOfThinking), Stop: endOfThinking})
		if err != nil {
			return t, err
		}
		more, ended := strings.CutSuffix(child.Text(), endOfThinking)
		t.cut, t.own, text = !ended, t.own || strings.Contains(more, wait), text+more
	}
	text = text[:min(len(text), budget)]
	t.tokens = len(text)
	end := endOfThinking
	if t.cut {
		end += "A:"
		if text != "" && !strings.HasSuffix(text, "\n") {
			end = "\n" + end
		}
	}
	child, err := only(ctx, e, pocket.Request{Prompt: p.Prompt() + text + end, Seeds: []uint64{0}, MaxTokens: 8})
	if err != nil {
		return t, err
	}
	t.answer = strings.TrimPrefix(strings.TrimSuffix(child.Text(), "\n"), "A:")
	return t, nil
}
