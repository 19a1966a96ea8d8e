package answer

import "strings"

var (
	// numberWords are the words of numbers below 100 in English.
	numberWords = map[string]int64{"zero": 0, "one": 1, "two": 2, "three": 3, "four": 4, "five": 5, "six": 6, "seven": 7, "eight": 8, "nine": 9, "ten": 10,
		"eleven": 11, "twelve": 12, "thirteen": 13, "fourteen": 14, "fifteen": 15, "sixteen": 16, "seventeen": 17, "eighteen": 18, "nineteen": 19, "twenty": 20,
		"thirty": 30, "forty": 40, "fifty": 50, "sixty": 60, "seventy": 70, "eighty": 80, "ninety": 90}
	// scales are words that multiply the number before them.
	scales = map[string]int64{"hundred": 100, "thousand": 1000, "million": 1e6, "billion": 1e9, "trillion": 1e12, "dozen": 12, "dozens": 12,
		"만": 1e4, "억": 1e8, "천": 1000, "백": 100, "万": 1e4, "萬": 1e4, "亿": 1e8, "億": 1e8, "millones": 1e6, "millions": 1e6, "Millionen": 1e6, "mil": 1000}
	// parts are words that divide the number before them.
	parts = map[string]int64{"half": 2, "halves": 2, "third": 3, "thirds": 3, "quarter": 4, "quarters": 4, "fourth": 4, "fourths": 4, "fifth": 5, "fifths": 5,
		"sixth": 6, "sixths": 6, "seventh": 7, "sevenths": 7, "eighth": 8, "eighths": 8, "ninth": 9, "ninths": 9, "tenth": 10, "tenths": 10, "twelfth": 12,
		"twelfths": 12, "hundredth": 100, "hundredths": 100, "thousandth": 1000, "thousandths": 1000}
	// meanings are answers in words that have another notation.
	meanings = map[string]string{"no solution": "∅", "no solutions": "∅", "no real solution": "∅", "no real solutions": "∅", "the empty set": "∅", "empty set": "∅",
		"has no solution": "∅", "there is no solution": "∅", "there are no solutions": "∅", "infinity": "∞", "positive infinity": "∞", "negative infinity": "-∞",
		"minus infinity": "-∞", "all real numbers": "ℝ", "all reals": "ℝ", "real numbers": "ℝ", "the set of all real numbers": "ℝ", "the real numbers": "ℝ",
		"해가 없다": "∅", "해가 없습니다": "∅", "해 없음": "∅", "无解": "∅", "無解": "∅", "解なし": "∅", "모든 실수": "ℝ"}
	// approximately are words before an answer that do not change it.
	approximately = setOf("approximately about around roughly approx nearly circa ungefähr etwa rund environ aproximadamente unos unas casi ca 约 約 大约 大約 약 대략 およそ 約 ungf exactly")
)

// computeWords replaces words of numbers, scales and parts by numbers and operators: two thirds, 1.5 million, 3
// squared.
func computeWords(t []token) []token {
	t = joinNumberWords(t)
	out := make([]token, 0, len(t))
	for i := 0; i < len(t); i++ {
		x := t[i]
		after := len(out) > 0 && (out[len(out)-1].kind == tokenNumber || out[len(out)-1].is("}"))
		word := strings.ToLower(x.text)
		last := i == len(t)-1
		switch {
		case x.kind != tokenLetters || !after:
			out = append(out, x)
		case scales[x.text] > 0 || scales[word] > 0:
			out = append(out, symbol("*"), numberToken(max(scales[x.text], scales[word])))
		case parts[word] > 0 && (last || t[i+1].kind == tokenLetters && strings.ToLower(t[i+1].text) != "of"):
			out = append(out, symbol("/"), numberToken(parts[word]))
		case word == "squared" && last:
			out = append(out, symbol("^"), numberToken(2))
		case word == "cubed" && last:
			out = append(out, symbol("^"), numberToken(3))
		case word == "factorial" && last:
			out = append(out, symbol("!"))
		case word == "in" && !last && t[i+1].kind == tokenNumber,
			word == "out" && i+2 < len(t) && t[i+1].text == "of" && t[i+2].kind == tokenNumber:
			out = append(out, symbol("/"))
			if word == "out" {
				i++
			}
		case word == "base" && !last && t[i+1].kind == tokenNumber:
			out = append(out, symbol("_"))
		case word == "below" && i+2 == len(t) && t[i+1].kind == tokenNumber && t[i+1].num.Sign() == 0:
			return append([]token{symbol("-")}, out...)
		default:
			out = append(out, x)
		}
	}
	return out
}

// joinNumberWords replaces the words of numbers by numbers: twenty-four is 24, one hundred and five 105.
func joinNumberWords(t []token) []token {
	out := t[:0:0]
	for i := 0; i < len(t); i++ {
		n, isNumber := numberWords[strings.ToLower(t[i].text)]
		if t[i].kind != tokenLetters || !isNumber {
			out = append(out, t[i])
			continue
		}
		word := t[i]
		if n >= 20 && i+1 < len(t) {
			next := i + 1
			if t[next].is("-") {
				next++
			}
			if next < len(t) && t[next].kind == tokenLetters {
				if unit, ok := numberWords[strings.ToLower(t[next].text)]; ok && 0 < unit && unit < 10 {
					n += unit
					i = next
				}
			}
		}
		number := numberToken(n)
		number.space, number.word = word.space, word.word
		out = append(out, number)
	}
	return out
}
