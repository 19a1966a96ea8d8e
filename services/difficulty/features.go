package difficulty

import (
	"math"
	"strings"
	"unicode"
)

// FeatureNames lists the names of the values that Features returns, in order. Stored prompt
// models have these names: log_characters is the logarithm of the number of bytes, and
// digits_a_number the number of digits per number.
var FeatureNames = []string{
	"log_words", "log_characters", "sentences", "questions", "numbers", "distinct_numbers", "log_largest_number",
	"digits_a_number", "fractions_or_decimals", "adding_words", "multiplying_words", "comparing_words", "latex_commands",
	"variables",
}

// wordKinds maps words that indicate a calculation to its kind: addition, multiplication
// or comparison.
var wordKinds = func() map[string]int {
	kinds := map[string]int{}
	for kind, words := range []string{
		"more add adds added and gains finds gets buys sum total altogether " +
			"less lose loses lost gives gave sells spends eats remain remaining left fewer away",
		"times each every per twice double triple half product of boxes bags split shares divided percent third quarter",
		"than older younger taller largest smallest maximum minimum ratio average mean at",
	} {
		for _, w := range strings.Fields(words) {
			kinds[w] = kind
		}
	}
	return kinds
}()

// Features returns surface features of a problem's text; see FeatureNames. It takes time
// proportional to the length of the text.
func Features(text string) []float64 {
	var sentences, questions, commands, variables, decimals, digits float64
	var numbers []string
	var kinds [3]float64
	words := 0
	separates := func(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("()[]{}$,;:=+-*^<>|&\\", r) }
	for _, w := range strings.FieldsFunc(text, separates) {
		words++
		bare := strings.ToLower(strings.Trim(w, ".?!'\"%"))
		if kind, ok := wordKinds[bare]; ok {
			kinds[kind]++
		}
		switch {
		case bare != "" && bare[0] >= '0' && bare[0] <= '9':
			numbers = append(numbers, bare)
			if strings.ContainsAny(bare, "./") {
				decimals++
			}
		case len(bare) == 1 && bare != "a":
			variables++
		}
	}
	for i, r := range text {
		switch {
		case r == '?':
			questions++
		case r == '.' && (i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\n'):
			sentences++
		case r == '\\':
			commands++
		}
	}
	largest, distinct := 0.0, map[string]bool{}
	for _, n := range numbers {
		value := 0.0
		for _, r := range n {
			if r >= '0' && r <= '9' {
				value, digits = 10*value+float64(r-'0'), digits+1
			}
		}
		largest, distinct[n] = max(largest, value), true
	}
	return []float64{
		math.Log1p(float64(words)), math.Log1p(float64(len(text))), sentences, questions, float64(len(numbers)),
		float64(len(distinct)), min(50, math.Log1p(largest)), digits / math.Max(1, float64(len(numbers))), decimals,
		kinds[0], kinds[1], kinds[2], commands, variables,
	}
}
