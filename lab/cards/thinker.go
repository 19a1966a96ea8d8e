package cards

import (
	"cmp"
	"context"
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/measure"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/pocket/attempt"
	"github.com/ponder-mesh/ponder/pocket/problems"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// Thinker measures pocket-thinker: its accuracy by length of thinking, under budget forcing (s1, Muennighoff et
// al. 2025, arXiv 2501.19393).
type Thinker struct {
	comparison `embed:""`
	Budgets    []int `default:"10,20,40,80" help:"Maximum thinking tokens, each a run."`
	Waits      []int `default:"0,1,2,4" help:"Numbers of ends of thinking that are replaced by Wait, each a run."`
}

// Run implements the command.
func (c *Thinker) Run(ctx context.Context) error {
	return c.run(ctx, "pocket-thinker",
		"Accuracy of pocket-thinker by length of thinking, under budget forcing at temperature 0.",
		func(ctx context.Context, thinker, base *solver, ps []problems.Problem) (result, error) {
			return c.measure(ctx, thinker, base, ps)
		})
}

// A thinkerResult holds the runs of budget forcing on one problem set.
type thinkerResult struct {
	Runs    []thinkerRun   `json:"runs"`
	Base    stats.Interval `json:"base"` // accuracy of the base policy, greedy
	Table   table.Table    `json:"table"`
	Scaling table.Table    `json:"scaling"` // the measures of s1 §3.2
}

// A thinkerRun is one setting of budget forcing with its measurements.
type thinkerRun struct {
	Budget   int            `json:"budget,omitempty"`
	Waits    int            `json:"waits"`
	Tokens   float64        `json:"tokens"` // mean of generated tokens of thinking
	Cut      float64        `json:"cut"`    // share of solutions whose thinking the budget cut
	Own      float64        `json:"own"`    // share of solutions with a Wait that was generated, not forced
	Accuracy stats.Interval `json:"accuracy"`
}

func (f *thinkerResult) tables() []table.Table { return []table.Table{f.Table, f.Scaling} }

const (
	noBudget     = 560 // limit of thinking tokens in a run without a budget: five passes over the longest solution
	answerTokens = 16  // limit of the answer's tokens
)

// measure runs all settings of budget forcing, and the base policy.
func (c *Thinker) measure(ctx context.Context, thinker, base *solver, ps []problems.Problem) (*thinkerResult, error) {
	f := &thinkerResult{Table: table.New("run", "tokens of thinking", "right", "1-4 steps", "5-8 steps", "cut",
		"Waits of its own")}
	searches, err := base.solveAll(ctx, ps, greedy(attempt.MaxTokens))
	if err != nil {
		return nil, err
	}
	right := correct(ps, searches)
	f.Base = stats.Bootstrap(right, c.Seed)
	f.Table.Add(append([]string{baseModel + ", greedy", ""}, c.accuracies(ps, right)...)...)
	var runs []thinkerRun
	for _, n := range c.Budgets {
		runs = append(runs, thinkerRun{Budget: n})
	}
	for _, n := range c.Waits {
		runs = append(runs, thinkerRun{Waits: n})
	}
	for _, run := range runs {
		if searches, err = thinker.solveAll(ctx, ps, run.request()); err != nil {
			return nil, err
		}
		if err := run.observe(searches); err != nil {
			return nil, err
		}
		right := correct(ps, searches)
		run.Accuracy = stats.Bootstrap(right, c.Seed)
		f.Runs = append(f.Runs, run)
		row := append([]string{run.label(), fmt.Sprintf("%.0f", run.Tokens)}, c.accuracies(ps, right)...)
		f.Table.Add(append(row, fmt.Sprintf("%.0f %%", 100*run.Cut), fmt.Sprintf("%.0f %%", 100*run.Own))...)
	}
	return f, f.scale(len(c.Budgets))
}

// accuracies returns the accuracy on all problems, on the short ones and on the long ones.
func (c *Thinker) accuracies(ps []problems.Problem, right []float64) (cells []string) {
	var short, long []float64
	for i, p := range ps {
		if p.NSteps <= problems.MaxSteps/2 {
			short = append(short, right[i])
		} else {
			long = append(long, right[i])
		}
	}
	for _, xs := range [][]float64{right, short, long} {
		cells = append(cells, stats.Bootstrap(xs, c.Seed).Percent())
	}
	return cells
}

// request returns a request for one sample at temperature 0 with the run's budget and Waits.
func (r *thinkerRun) request() planner.Request {
	most := cmp.Or(r.Budget, noBudget)
	request := greedy(most + answerTokens)
	request.Thinking = &backend.Thinking{Mode: backend.ModeForce, Max: most, Waits: r.Waits}
	return request
}

// label returns the run's setting for tables.
func (r *thinkerRun) label() string {
	if r.Budget == 0 {
		return fmt.Sprintf("%d × Wait", r.Waits)
	}
	return fmt.Sprintf("at most %d tokens", r.Budget)
}

// observe sets Tokens, Cut and Own to the means over searches.
func (r *thinkerRun) observe(searches []outcome) error {
	share := 1 / float64(len(searches))
	for _, s := range searches {
		if len(s.nodes) != 1 {
			return fmt.Errorf("a greedy search must have 1 node below its root, has %d", len(s.nodes))
		}
		t := thoughtOf(s.nodes[0])
		r.Tokens += share * float64(t.tokens)
		if t.cut {
			r.Cut += share
		}
		if t.own {
			r.Own += share
		}
	}
	return nil
}

// A thought holds the measures of one solution's thinking.
type thought struct {
	tokens   int  // generated until the end of thinking
	cut, own bool // as in thinkerRun
}

// marks are the thinking marks of the template that pocket-thinker was trained with.
var marks = func() template.Thinking {
	t, err := template.Lookup("pocket-think-v1")
	if err != nil {
		panic(err) // the registry has it
	}
	return t.Thinking
}()

// thoughtOf returns the measures of a solution's thinking. A token of a pocket model is a character, so a step
// with fewer tokens than characters was forced, in whole or in part.
func thoughtOf(n planner.Node) (t thought) {
	for _, s := range n.Steps {
		t.tokens += s.Tokens
		forced := s.Tokens < len(s.Text)
		switch {
		case strings.HasSuffix(s.Text, marks.End):
			t.cut = forced
			return t
		case s.Text == marks.Wait && !forced:
			t.own = true
		}
	}
	t.cut = true
	return t
}

// scale sets the table of s1's three measures for three sets of runs: the runs with a budget and the first run
// without one, the runs with Waits, and all runs.
func (f *thinkerResult) scale(budgets int) error {
	f.Scaling = table.New("runs", "Control", "Scaling, points per 100 tokens", "Performance")
	for _, s := range []struct {
		name string
		runs []thinkerRun
	}{{"budgets, and none", f.Runs[:budgets+1]}, {"Waits", f.Runs[budgets:]}, {"all", f.Runs}} {
		var points []measure.Run
		kept, bounded := 0.0, 0.0
		for _, run := range s.runs {
			points = append(points, measure.Run{Tokens: run.Tokens / 100, Accuracy: 100 * run.Accuracy.Mean})
			if run.Budget > 0 {
				within, err := measure.Control(points[len(points)-1:], 0, float64(run.Budget)/100)
				if err != nil {
					return err
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
			return err
		}
		slope, err := measure.Scaling(points)
		if err != nil {
			return err
		}
		f.Scaling.Add(s.name, control, fmt.Sprintf("%+.1f", slope), fmt.Sprintf("%.1f %%", best))
	}
	return nil
}
