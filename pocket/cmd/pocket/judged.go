package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/pocket"
)

// judgeReport collects what a judge said about lines whose truth is known.
type scoreReport struct {
	pairs        []float64 // 1 where a right line beat a wrong sibling, ½ for a tie
	right, wrong []float64 // scores of the samples' lines; wrong: of first errors
	after        []float64 // scores of the lines that follow an error
}

func newScoreReport() *scoreReport { return &scoreReport{} }

// add takes in all samples of a problem. Siblings are lines that were written
// after the same right beginning; each distinct wrong one makes one pair.
func (r *scoreReport) add(a attempts) {
	want := a.problem.Lines()
	right, wrong := make([]float64, len(want)), make([]map[string]float64, len(want))
	seen := make([]bool, len(want))
	for _, s := range a.samples {
		for i, ok := range a.problem.Right(s.lines) {
			switch {
			case ok:
				r.right = append(r.right, s.scores[i])
				right[i], seen[i] = s.scores[i], true
				continue
			case i < len(want) && strings.Join(s.lines[:i], "\n") == strings.Join(want[:i], "\n"):
				r.wrong = append(r.wrong, s.scores[i])
				if wrong[i] == nil {
					wrong[i] = map[string]float64{}
				}
				wrong[i][s.lines[i]] = s.scores[i]
			default:
				r.after = append(r.after, s.scores[i])
			}
		}
	}
	for i, lines := range wrong {
		for _, line := range slices.Sorted(maps.Keys(lines)) {
			score := lines[line]
			switch {
			case !seen[i]:
			case right[i] > score:
				r.pairs = append(r.pairs, 1)
			case right[i] == score:
				r.pairs = append(r.pairs, .5)
			default:
				r.pairs = append(r.pairs, 0)
			}
		}
	}
}

type scoreResult struct {
	Aggregator  string         `json:"aggregator"`
	Parameters  int            `json:"parameters"`
	Trunk       string         `json:"trunk"`
	Recipe      string         `json:"recipe"`
	Siblings    stats.Interval `json:"siblings"`
	FalseAlarm  stats.Interval `json:"false_alarm"`
	Miss        stats.Interval `json:"miss"`
	MissAll     stats.Interval `json:"miss_all"`
	ECE         float64        `json:"ece"`
	Table       table.Table    `json:"table"`
	Calibration table.Table    `json:"calibration"`
}

// threshold is where a score is called right.
const threshold = 0.5

func (r *scoreReport) result(j *pocket.RewardModel, seed uint64) scoreResult {
	below := func(scores []float64) int {
		n := 0
		for _, s := range scores {
			if s < threshold {
				n++
			}
		}
		return n
	}
	errors := append(append([]float64(nil), r.wrong...), r.after...)
	v := scoreResult{
		Aggregator: j.Aggregator(), Parameters: int(j.Identity().Parameters), Trunk: j.Trunk(), Recipe: j.Recipe(),
		Siblings:   stats.Bootstrap(r.pairs, seed),
		FalseAlarm: stats.Wilson(below(r.right), len(r.right)),
		Miss:       stats.Wilson(len(r.wrong)-below(r.wrong), len(r.wrong)),
		MissAll:    stats.Wilson(len(errors)-below(errors), len(errors)),
	}
	v.Table = table.Table{Header: []string{"figure", "value", "of"}}
	for _, row := range []struct {
		name string
		e    stats.Interval
		of   string
	}{
		{"right line scored above a wrong sibling", v.Siblings, "pairs"},
		{"false alarm: right line below 0.5", v.FalseAlarm, "right lines"},
		{"miss: first wrong line at 0.5 or above", v.Miss, "first errors"},
		{"miss: any line from the first error on", v.MissAll, "lines"},
	} {
		v.Table.Add(row.name, row.e.Percent(), fmt.Sprintf("%d %s", row.e.N, row.of))
	}
	v.calibrate(r.right, errors)
	v.Table.Add("expected calibration error", fmt.Sprintf("%.3f", v.ECE), "ten bins")
	return v
}

// calibrate fills ten bins of equal width (Naeini et al. 2015).
func (v *scoreResult) calibrate(right, wrong []float64) {
	var n, sum, hits [10]float64
	for k, scores := range [][]float64{wrong, right} {
		for _, s := range scores {
			b := min(9, int(s*10))
			n[b]++
			sum[b] += s
			hits[b] += float64(k)
		}
	}
	total := float64(len(right) + len(wrong))
	v.Calibration = table.Table{Header: []string{"score", "lines", "mean score", "right"}}
	for b := range n {
		if n[b] == 0 {
			continue
		}
		gap := sum[b]/n[b] - hits[b]/n[b]
		v.ECE += max(gap, -gap) * n[b] / total
		v.Calibration.Add(fmt.Sprintf("%.1f–%.1f", float64(b)/10, float64(b+1)/10), fmt.Sprintf("%.0f", n[b]),
			fmt.Sprintf("%.3f", sum[b]/n[b]), fmt.Sprintf("%.3f", hits[b]/n[b]))
	}
}
