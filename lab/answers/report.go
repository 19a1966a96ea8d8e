package answers

import (
	_ "embed"
	"fmt"
	"strings"

	"github.com/ponder-mesh/ponder/answer"
)

// math500 holds the distinct reference answers of MATH-500, after a comment.
//
//go:embed math500.txt
var math500 string

// References returns the distinct reference answers of MATH-500.
func References() []string { return strings.Split(strings.TrimSpace(math500), "\n")[1:] }

// Rounds is the number of rounds of each kind of construction in a report.
const Rounds = 30

// Report returns the tables of docs/answers.md.
func Report(references []string) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	found, graded := Found(references), Graded(references)
	line("| %d references of MATH-500 | cases | right | worst |", len(references))
	line("|---|--:|--:|---|")
	for _, part := range []struct {
		name  string
		rates []Rate
	}{{fmt.Sprintf("in %d wordings of a text, extracted and graded", len(found)), found}, {fmt.Sprintf("in %d notations, graded", len(graded)), graded}} {
		total := Total(part.rates)
		worst := part.rates[0]
		for _, r := range part.rates {
			if r.Right*worst.Of < worst.Right*r.Of {
				worst = r
			}
		}
		line("| %s | %d | %d (%.1f %%) | %.1f %% |", part.name, total.Of, total.Right, percent(total.Right, total.Of), percent(worst.Right, worst.Of))
	}
	line("")
	right, wrong := Constructed(Rounds)
	accepted := 0
	for _, p := range wrong {
		if answer.Correct(p.Got, p.Want) {
			accepted++
		}
	}
	line("Wrong by construction: %d answers, %d accepted.", len(wrong), accepted)
	line("")
	line("| right by construction | answers | accepted by Correct | one vote by Key | accepted, but another vote |")
	line("|---|--:|--:|--:|---|")
	var all Split
	for _, s := range Splits(right) {
		example := ""
		if len(s.Split) > 0 {
			example = "`" + strings.ReplaceAll(s.Split[0], "|", `\|`) + "`"
		}
		line("| %s | %d | %d | %d | %s |", s.Kind, s.Of, s.Correct, s.Same, example)
		all.Of, all.Correct, all.Same = all.Of+s.Of, all.Correct+s.Correct, all.Same+s.Same
	}
	line("| all | %d | %d | %d | %d (%.1f %%) |", all.Of, all.Correct, all.Same, all.Correct-all.Same, percent(all.Correct-all.Same, all.Correct))
	return b.String()
}

func percent(n, of int) float64 { return 100 * float64(n) / float64(max(of, 1)) }
