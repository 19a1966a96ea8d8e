package search

import "github.com/ponder-mesh/ponder/reasoning"

// A Choice selects one answer from the solutions that a search found. Any Strategy can be
// combined with any Choice whose scores it produces. The zero Choice is majority.
type Choice struct {
	By   By   // weight of a solution
	Pick Pick // how weights decide; PickVote with ByCount
}

// Choices returns all choices.
func Choices() []Choice {
	all := []Choice{{}}
	for by := ByMin; by <= ByCertainty; by++ {
		all = append(all, Choice{by, PickMax}, Choice{by, PickVote})
	}
	return all
}

// ParseChoice returns the choice with this name.
func ParseChoice(name string) (Choice, error) {
	for _, c := range Choices() {
		if c.String() == name {
			return c, nil
		}
	}
	return Choice{}, reasoning.Invalid("choice", "%q must be one of %v", name, Choices())
}

// String returns the choice's name: "majority", "min-max", "prod-vote" …
func (c Choice) String() string {
	switch {
	case c == Choice{}:
		return "majority"
	case c.By < ByMin || c.By > ByCertainty || c.Pick < PickVote || c.Pick > PickMax:
		return "unknown"
	}
	return byNames[c.By] + "-" + pickNames[c.Pick]
}

// NeedsScores reports whether the choice needs a verifier's scores.
func (c Choice) NeedsScores() bool { return c.By != ByCount && c.By != ByCertainty }
