package cards

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/table"
	"github.com/ponder-mesh/ponder/pocket"
)

// scores holds a reward model's scores of lines that are known to be right or wrong.
type scores struct {
	pairs        []float64 // 1 if the right line has the higher score than its wrong sibling, ½ for a tie, else 0
	right, wrong []float64 // scores of right lines, and of each sample's first wrong line
	after        []float64 // scores of the lines after the first wrong line
}

// add adds the samples of a problem. Siblings are lines that follow the same right lines; each distinct wrong
// line makes a pair with the right one.
func (s *scores) add(a samples) {
	want := a.problem.Lines()
	right, wrong := make([]float64, len(want)), make([]map[string]float64, len(want))
	seen := make([]bool, len(want))
	for _, d := range a.drawn {
		for i, ok := range a.problem.Right(d.lines) {
			switch {
			case ok:
				s.right = append(s.right, d.scores[i])
				right[i], seen[i] = d.scores[i], true
				continue
			case i < len(want) && strings.Join(d.lines[:i], "\n") == strings.Join(want[:i], "\n"):
				s.wrong = append(s.wrong, d.scores[i])
				if wrong[i] == nil {
					wrong[i] = map[string]float64{}
				}
				wrong[i][d.lines[i]] = d.scores[i]
			default:
				s.after = append(s.after, d.scores[i])
			}
		}
	}
	for i, lines := range wrong {
		for _, line := range slices.Sorted(maps.Keys(lines)) {
			score := lines[line]
			switch {
			case !seen[i]:
			case right[i] > score:
				s.pairs = append(s.pairs, 1)
			case right[i] == score:
				s.pairs = append(s.pairs, .5)
			default:
				s.pairs = append(s.pairs, 0)
			}
		}
	}
}

// A quality holds measures of how a reward model separates right lines from wrong ones.
type quality struct {
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

// threshold is the lowest score of a line that counts as classified right.
const threshold = 0.5

// quality returns the measures of the scores.
func (s *scores) quality(rm *pocket.RewardModel, seed uint64) quality {
	below := func(scores []float64) int {
		n := 0
		for _, score := range scores {
			if score < threshold {
				n++
			}
		}
		return n
	}
	errors := append(append([]float64(nil), s.wrong...), s.after...)
	v := quality{
		Aggregator: rm.Aggregator(), Parameters: int(rm.Identity().Parameters), Trunk: rm.Trunk(), Recipe: rm.Recipe(),
		Siblings:   stats.Bootstrap(s.pairs, seed),
		FalseAlarm: stats.Wilson(below(s.right), len(s.right)),
		Miss:       stats.Wilson(len(s.wrong)-below(s.wrong), len(s.wrong)),
		MissAll:    stats.Wilson(len(errors)-below(errors), len(errors)),
	}
	v.Table = table.New("figure", "value", "of")
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
	v.calibrate(s.right, errors)
	v.Table.Add("expected calibration error", fmt.Sprintf("%.3f", v.ECE), "ten bins")
	return v
}

// calibrate sets the calibration table and the expected calibration error, with ten bins of equal width
// (Naeini et al. 2015).
func (v *quality) calibrate(right, wrong []float64) {
	var n, sum, hits [10]float64
	for k, scores := range [][]float64{wrong, right} {
		for _, score := range scores {
			b := min(9, int(score*10))
			n[b]++
			sum[b] += score
			hits[b] += float64(k)
		}
	}
	total := float64(len(right) + len(wrong))
	v.Calibration = table.New("score", "lines", "mean score", "right")
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
