package report

import (
	"fmt"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/services/difficulty"
)

// PassAtK returns the table of pass@k, the unbiased estimate of the probability that at least one of k
// samples is right (Chen et al. 2021, arXiv 2107.03374), from the samples of the oracle arm; ok is false if
// the sweep has no oracle arm.
func PassAtK(s Sweep) (t table.Table, ok bool, err error) {
	t = table.New(">k", "pass@k [95 %]")
	if s.Oracle == nil {
		return t, false, nil
	}
	for k := 1; k <= s.Samples; k *= 2 {
		var xs []float64
		for _, rate := range s.Oracle {
			p, err := stats.PassAtK(s.Samples, int(rate*float64(s.Samples)+0.5), k)
			if err != nil {
				return t, false, err
			}
			xs = append(xs, p)
		}
		t.Add(fmt.Sprint(k), stats.Bootstrap(xs, 1).Percent())
	}
	return t, true, nil
}

// A Panel holds the problems of one bin of difficulty, or of one number of steps.
type Panel struct {
	Label    string
	Problems []int // indices into the sweep's problems
}

// Panels returns the sweep's problems by difficulty, the easiest first: in five quantiles of the oracle's
// pass@1 (Snell et al. 2024), or in absolute bins of it (Liu et al. 2025). It returns nil if the sweep has
// no oracle arm.
func (s Sweep) Panels(absolute bool) []Panel {
	if s.Oracle == nil {
		return nil
	}
	scheme := difficulty.Quantiles(5, s.Oracle)
	if absolute {
		scheme = difficulty.Absolute
	}
	panels := make([]Panel, scheme.Bins())
	for b := range panels {
		panels[b].Label = "pass@1 in " + scheme.Label(b)
		if absolute {
			panels[b].Label = scheme.Label(b)
		}
	}
	for i, rate := range s.Oracle {
		b := scheme.Bin(rate)
		panels[b].Problems = append(panels[b].Problems, i)
	}
	return panels
}

// ByDifficulty returns the table of accuracy by arm and panel, with the number of problems of each panel.
func ByDifficulty(s Sweep, panels []Panel) table.Table { return byPanels(s, panels, true) }

// byPanels returns the table of accuracy by arm and panel; count adds the number of problems to the labels.
func byPanels(s Sweep, panels []Panel, count bool) table.Table {
	t := table.New("strategy", ">N")
	for _, p := range panels {
		label := p.Label
		if count {
			label += fmt.Sprintf(" (%d)", len(p.Problems))
		}
		t.Header, t.Align = append(t.Header, label), append(t.Align, table.Right)
	}
	for _, r := range s.Rows {
		row := []string{r.Strategy, fmt.Sprint(r.N)}
		for _, p := range panels {
			cell := "–"
			if len(p.Problems) > 0 {
				cell = fmt.Sprintf("%.1f %%", 100*stats.Bootstrap(r.rightOn(p.Problems), 1).Mean)
			}
			row = append(row, cell)
		}
		t.Add(row...)
	}
	return t
}

// rightOn returns the shares of right answers on the given problems.
func (r Row) rightOn(problems []int) (right []float64) {
	for _, i := range problems {
		right = append(right, r.right[i])
	}
	return right
}

// bySteps returns a panel for each number of steps that problems need.
func (s Sweep) bySteps() (panels []Panel) {
	for _, steps := range stepsOf(s) {
		p := Panel{Label: fmt.Sprintf("%d steps", steps)}
		for i, problem := range s.Problems {
			if problem.Steps == steps {
				p.Problems = append(p.Problems, i)
			}
		}
		panels = append(panels, p)
	}
	return panels
}
