package answers

import (
	"strings"

	"github.com/ponder-mesh/ponder/answer"
)

// A Rate counts the answers of a wording that are found and graded right.
type Rate struct {
	Name  string
	Right int
	Of    int
	Wrong []string // up to 5 references that are not
}

func (r *Rate) add(right bool, reference string) {
	r.Of++
	if right {
		r.Right++
	} else if len(r.Wrong) < 5 {
		r.Wrong = append(r.Wrong, reference)
	}
}

// Found returns, for each wording, how many of the reference answers are extracted from it and graded right.
func Found(references []string) []Rate {
	var rates []Rate
	for _, w := range Wordings() {
		r := Rate{Name: w.Name}
		for _, reference := range references {
			got, ok := answer.Extract(w.in(reference))
			r.add(ok && answer.Correct(got, reference), reference)
		}
		rates = append(rates, r)
	}
	return rates
}

// Graded returns, for each notation, how many of the reference answers are graded right in it.
func Graded(references []string) []Rate {
	var rates []Rate
	for _, n := range Notations() {
		r := Rate{Name: n.Name}
		for _, reference := range references {
			got := n.in(reference)
			if n.Name == "two backslashes" {
				got = strings.ReplaceAll(got, `\`, `\\`)
			}
			r.add(answer.Correct(got, reference), reference)
		}
		rates = append(rates, r)
	}
	return rates
}

// Total sums rates.
func Total(rates []Rate) (t Rate) {
	t.Name = "all"
	for _, r := range rates {
		t.Right, t.Of = t.Right+r.Right, t.Of+r.Of
	}
	return t
}

// A Split counts, for the right answers of a kind, those that Correct accepts, and those that have the key of their
// reference: the others split votes for the same answer.
type Split struct {
	Kind              string
	Correct, Same, Of int
	Refused, Split    []string // up to 5 pairs
}

// Splits returns the counts of pairs by kind, in their order.
func Splits(right []Pair) (splits []Split) {
	for _, p := range right {
		if n := len(splits); n == 0 || splits[n-1].Kind != p.Kind {
			splits = append(splits, Split{Kind: p.Kind})
		}
		s := &splits[len(splits)-1]
		s.Of++
		pair := p.Got + "  for  " + p.Want
		switch {
		case !answer.Correct(p.Got, p.Want):
			s.Refused = append(s.Refused[:min(len(s.Refused), 4)], pair)
		case answer.Key(p.Got) == answer.Key(p.Want):
			s.Correct++
			s.Same++
		default:
			s.Correct++
			s.Split = append(s.Split[:min(len(s.Split), 4)], pair)
		}
	}
	return splits
}
