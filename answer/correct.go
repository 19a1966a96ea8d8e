package answer

import (
	"math"
	"math/big"
	"regexp"
	"strings"
	"unicode"
)

// Correct reports whether got is a right answer, given the reference want. It accepts answers with equal keys, and is
// more lenient than Key:
//
//   - it compares expressions by value: \frac{x^2-1}{x-1} is x+1; and equations up to a factor;
//   - a decimal may be the other's value rounded to its digits, if it has a relative error of at most 1e-4; integers
//     are met exactly;
//   - a percent sign on one side may scale: 50% is 50 or 0.5. Without a sign, or with signs on both sides, it does
//     not: 10 is never 1000, 0.25% never 25%;
//   - what has several readings may be read in each: 1,25 is 1.25; x=1, y=2 is (1,2); 14/3 ≈ 4.67 is 4.67; 5 N is 5;
//   - an option of a multiple-choice problem is right if its letter is, or if its content is the reference.
//
// An answer whose key is empty is not correct. Correct is neither symmetric nor transitive: use it for grading only.
func (q *Question) Correct(got, want string) bool {
	if len(got) > MaxLen || len(want) > MaxLen || q.kind == KindText || q.kind == KindCode {
		key := q.Key(got)
		return key != "" && key == q.Key(want)
	}
	plainGot, plainWant := q.read(got, reading{}), q.read(want, reading{})
	if key := q.keyOf(plainGot); key == "" || key == q.keyOf(plainWant) {
		return key != ""
	}
	if letter(got) != "" && letter(got) == letter(want) || equalWords(got, want) {
		return true
	}
	if len(q.options) > 0 {
		if option, ok := q.options[letter(want)]; ok && letter(got) == "" && unknown.Correct(got, option) {
			return true
		}
	}
	for _, w := range append([]value{plainWant}, q.readings(want, false)...) {
		for _, g := range append([]value{plainGot}, q.readings(got, true)...) {
			gr := &grader{question: q, calc: &calc{}, left: maxComparisons, percent: 0}
			if percent(got) != percent(want) {
				gr.percent = 1
				if percent(want) {
					gr.percent = -1
				}
			}
			if gr.equal(g, w) {
				return true
			}
		}
	}
	return false
}

// readings returns the ways to read s, besides the one of Key.
func (q *Question) readings(s string, all bool) (out []value) {
	if all && commaPattern.MatchString(s) {
		out = append(out, q.read(s, reading{comma: true}))
	}
	if unitPattern.MatchString(s) {
		out = append(out, q.read(s, reading{allUnits: true}))
	}
	if strings.Contains(s, `\log`) {
		out = append(out, q.read(strings.ReplaceAll(s, `\log`, `\ln`), reading{}))
	}
	return out
}

var (
	commaPattern     = regexp.MustCompile(`[0-9]\s*(?:\{,\}|,)[0-9]`)
	unitPattern      = regexp.MustCompile(`[0-9)}]\s*(?:\\[ ,;~]|~)?\s*[A-Za-zΩ]`)
	decimalCommaUnit = regexp.MustCompile(`[0-9],[0-9]{1,2}\s*(?:%|\\%|€|£|EUR|[Ee]uros?|km|kg|cm|mm|ml|Uhr|Grad|Stunden|m\b|l\b|g\b)`)
	europeanPrice    = regexp.MustCompile(`[€₽]\s*[0-9.]*[0-9],[0-9]{2}\b|[0-9],[0-9]{2}\s*[€₽]`)
	percentWords     = regexp.MustCompile(`(?i)%|％|\bper\s?cent|퍼센트|프로|パーセント|百分之|\bprozent|\bpour\s?cent|\bpor\s?ciento|\bprocent`)
)

// percent reports whether s is a percentage.
func percent(s string) bool { return percentWords.MatchString(s) }

// equalWords reports whether two answers have the same letters; those of words in \text have no case.
func equalWords(got, want string) bool {
	a, b := lettersOf(got), lettersOf(want)
	return a != "" && (a == b || strings.EqualFold(a, b) && len(a) > 1 && strings.Contains(got+want, `\text`))
}

// lettersOf returns the words of an answer that has nothing else.
func lettersOf(s string) string {
	s = regexpText.ReplaceAllString(clean(s), "$1")
	s = strings.Trim(s, " '.,$")
	for _, r := range s {
		if !unicode.IsLetter(r) && r != ' ' {
			return ""
		}
	}
	return s
}

// maxComparisons is the maximum number of comparisons of values per call: unordered answers are compared pair by pair,
// and may be nested.
const maxComparisons = 1000

// A grader compares values within a budget of comparisons.
type grader struct {
	question *Question
	calc     *calc
	left     int
	percent  int // 1 if only the first value is a percentage, -1 if only the second
}

// equal reports whether got is a right answer for want, in one of its readings.
func (g *grader) equal(got, want value) bool {
	if g.left--; g.left < 0 {
		return false
	}
	if g.match(got, want) {
		return true
	}
	if got.letter && want.letter { // two options may have equal contents
		return false
	}
	for _, other := range got.also {
		if g.match(other, want) {
			return true
		}
	}
	for _, other := range want.also {
		if g.match(got, other) {
			return true
		}
		for _, x := range got.also {
			if g.match(x, other) {
				return true
			}
		}
	}
	return false
}

func (g *grader) match(got, want value) bool {
	if (got.kind == kindTuple && want.kind == kindList && got.names != nil || got.kind == kindList && want.kind == kindTuple && want.names != nil) &&
		len(got.elems) == len(want.elems) { // x=1, y=2 for 1, 2
		return g.inOrder(got.elems, want.elems)
	}
	if got.kind != want.kind || len(got.elems) != len(want.elems) || got.kind != kindWords && got.text != want.text {
		return false
	}
	switch got.kind {
	case kindScalar:
		return g.scalar(got, want)
	case kindWords:
		return strings.EqualFold(got.text, want.text)
	case kindRelation:
		return got.sum.equal(want.sum) || g.proportional(got, want)
	case kindTuple, kindMatrix, kindSingle, kindRatio:
		return g.inOrder(got.elems, want.elems)
	case kindList, kindUnion:
		return g.unordered(got.elems, want.elems)
	}
	return false
}

func (g *grader) inOrder(got, want []value) bool {
	for i := range got {
		if !g.equal(got[i], want[i]) {
			return false
		}
	}
	return true
}

func (g *grader) unordered(got, want []value) bool {
	used := make([]bool, len(want))
	for _, x := range got {
		found := false
		for i, y := range want {
			if !used[i] && g.equal(x, y) {
				used[i], found = true, true
				break
			}
		}
		if !found {
			return false
		}
	}
	return true
}

// proportional reports whether one equation is a multiple of the other.
func (g *grader) proportional(got, want value) bool {
	if got.text != "=" || len(got.sum) == 0 || len(want.sum) == 0 || got.sum.constant() {
		return false
	}
	var ratio complex128
	n := 0
	for point := range ranges {
		x, _ := evaluateAt(got.sum, point)
		y, _ := evaluateAt(want.sum, point)
		if !isReal(x) || !isReal(y) || x == 0 || y == 0 {
			continue
		}
		if n > 0 && !near(x/y-ratio, math.Abs(real(ratio))) {
			return false
		}
		ratio = x / y
		n++
	}
	return n > agreed
}

// scalar reports whether two expressions are equal.
func (g *grader) scalar(got, want value) bool {
	if g.number(got, want) {
		return true
	}
	hundredth := big.NewRat(1, 100)
	switch g.percent {
	case 1:
		return g.number(g.scaled(got, hundredth), want)
	case -1:
		return g.number(got, g.scaled(want, hundredth))
	}
	return false
}

func (g *grader) scaled(v value, by *big.Rat) value {
	v.sum = g.calc.scale(v.sum, by)
	v.decimal = true
	if v.ulp != nil {
		v.ulp = new(big.Rat).Mul(v.ulp, by)
	}
	return v
}

func (g *grader) number(got, want value) bool {
	if got.sum.equal(want.sum) {
		return true
	}
	a, exactA := got.sum.rational()
	b, exactB := want.sum.rational()
	switch {
	case exactA && exactB:
		return approximates(got, want, a, b)
	case got.ulp != nil && want.sum.constant() && exactA:
		return rounds(a, got.ulp, want.sum)
	case want.ulp != nil && got.sum.constant() && exactB:
		return rounds(b, want.ulp, got.sum)
	case g.calc.same(got.sum, want.sum):
		return true
	case g.digits(got.sum, want.sum) || g.digits(want.sum, got.sum):
		return true
	case got.decimal || want.decimal:
		return g.near(got, want)
	}
	return false
}

// closest is the largest relative error of a decimal that approximates an exact value.
const closest = 1e-4

// approximates reports whether one of two different numbers is the other one, rounded to its last digit.
func approximates(got, want value, a, b *big.Rat) bool {
	if got.ulp == nil && want.ulp == nil || a.IsInt() && got.ulp == nil || b.IsInt() && want.ulp == nil || a.Sign() == 0 || b.Sign() == 0 ||
		a.IsInt() && b.IsInt() && !(measured(got) && measured(want)) {
		return false
	}
	difference := new(big.Rat).Sub(a, b)
	difference.Abs(difference)
	bound := new(big.Rat).Quo(difference, new(big.Rat).Abs(b))
	if bound.Cmp(new(big.Rat).SetFloat64(closest)) > 0 {
		return false
	}
	half := big.NewRat(1, 2)
	switch {
	case got.ulp != nil && want.ulp != nil: // two decimals: the longer one is rounded
		if got.ulp.Cmp(want.ulp) == 0 {
			return false
		}
		unit := got.ulp
		if want.ulp.Cmp(unit) > 0 {
			unit = want.ulp
		}
		return difference.Cmp(half.Mul(half, unit)) <= 0
	case got.ulp != nil:
		return difference.Cmp(allowed(got.ulp, b)) <= 0
	}
	return difference.Cmp(allowed(want.ulp, a)) <= 0
}

// measured reports whether v is a decimal whose last digit is one or more: 6.02·10^23.
func measured(v value) bool { return v.ulp != nil && v.ulp.Cmp(big.NewRat(1, 1)) >= 0 }

// allowed returns the largest difference of a decimal from an exact number: half a unit of its last digit, or nearly a
// whole one, for digits that are cut off, if the number has no end.
func allowed(ulp, exact *big.Rat) *big.Rat {
	den := new(big.Int).Set(exact.Denom())
	strip(den, big.NewInt(2))
	strip(den, big.NewInt(5))
	if den.IsInt64() && den.Int64() == 1 {
		return new(big.Rat).Mul(ulp, big.NewRat(1, 2))
	}
	return ulp
}

// rounds reports whether a decimal is the value of s, rounded or cut off after its last digit.
func rounds(decimal, ulp *big.Rat, s sum) bool {
	if decimal.IsInt() && ulp.Cmp(big.NewRat(1, 1)) >= 0 || s.complexNumber() {
		return false
	}
	x, size := evaluateAt(s, 0)
	d, _ := decimal.Float64()
	unit, _ := ulp.Float64()
	difference := math.Abs(real(x) - d)
	return isReal(x) && real(x) != 0 && difference <= unit+rounding*size && difference <= closest*math.Abs(real(x))
}

// near reports whether two expressions with decimals have the same terms, up to the error of a decimal.
func (g *grader) near(got, want value) bool {
	if len(got.sum.variables()) == 0 {
		x, _ := evaluateAt(got.sum, 0)
		y, _ := evaluateAt(want.sum, 0)
		return isReal(x) && isReal(y) && y != 0 && math.Abs(real(x)-real(y)) <= closest*math.Abs(real(y))
	}
	a, b := byVariables(got.sum), byVariables(want.sum)
	if len(a) != len(b) {
		return false
	}
	for key, s := range a {
		other, ok := b[key]
		if !ok {
			return false
		}
		x, rationalX := s.rational()
		y, rationalY := other.rational()
		if rationalX && rationalY && (x.IsInt() || y.IsInt()) && x.Cmp(y) != 0 {
			return false
		}
		v, _ := evaluateAt(s, 0)
		w, _ := evaluateAt(other, 0)
		if !isReal(v) || !isReal(w) || math.Abs(real(v)-real(w)) > closest*math.Abs(real(w)) {
			return false
		}
	}
	return true
}

// byVariables returns the coefficients of s, which are sums without variables, by products of the rest.
func byVariables(s sum) map[string]sum {
	out := map[string]sum{}
	for _, t := range s {
		var rest, number []factor
		for _, f := range t.factors {
			if of(f.atom).constant() {
				number = append(number, f)
			} else {
				rest = append(rest, f)
			}
		}
		key := sum{{big.NewRat(1, 1), rest}}.String()
		out[key] = append(out[key], term{t.coef, number})
	}
	return out
}

// digits reports whether plain has the digits of a number in another base, and the problem asks for that base.
func (g *grader) digits(plain, based sum) bool {
	if len(based) != 1 || len(based[0].factors) != 1 || !strings.Contains(based.String(), "_") || g.question.text == "" {
		return false
	}
	digits, base, _ := strings.Cut(based.String(), "_")
	m := asksForBase.FindAllStringSubmatch(g.question.text, 20)
	for _, x := range m {
		asked := strings.ToLower(x[1])
		if name := baseNames[asked]; name != "" {
			asked = name
		}
		if asked == base && plain.String() == digits {
			return true
		}
	}
	return false
}

var asksForBase = regexp.MustCompile(`(?i)\bbase[- ]*\$?\s*([0-9]+|[a-z]+)`)
