package answer

import (
	"math/big"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A token is a part of an answer.
type token struct {
	kind  tokenKind
	text  string   // letters, the name of a command, or a symbol
	num   *big.Rat // of a number
	ulp   *big.Rat // of a decimal: one unit of its last digit; otherwise nil
	space bool     // white space or a tie stands before the token
	word  bool     // inside \text or the like
}

type tokenKind int

const (
	tokenNumber tokenKind = iota
	tokenLetters
	tokenCommand
	tokenSymbol
)

func (t token) is(symbol string) bool { return t.kind == tokenSymbol && t.text == symbol }

func symbol(s string) token { return token{kind: tokenSymbol, text: s} }

func numberToken(n int64) token { return token{kind: tokenNumber, num: big.NewRat(n, 1)} }

var (
	// ignored are the commands that change only the appearance of an answer.
	ignored = setOf("left right displaystyle textstyle scriptstyle limits nolimits big Big bigl bigr Bigl Bigr bigg Bigg biggl biggr middle" +
		" rm it bf therefore hfill newline noindent centering hline mathstrut strut allowbreak nobreak null relax tiny small large Large ! / ( ) [ ]")
	spaces = setOf(", ; : quad qquad thinspace enspace space > @ ~")
	// wrappers are the commands that are replaced by their argument; the text commands hold words.
	textCommands = setOf("text textbf textit textrm textsf texttt textsc textnormal textup emph underline mbox hbox mathrm operatorname mathtt")
	wrappers     = setOf("boxed fbox mathbf mathit mathsf boldsymbol bm mathcal mathfrak ensuremath phantom vphantom color textcolor")
	// commandSymbols are the commands that stand for a symbol.
	commandSymbols = map[string]string{
		"leq": "≤", "le": "≤", "leqslant": "≤", "geq": "≥", "ge": "≥", "geqslant": "≥", "neq": "≠", "ne": "≠", "lt": "<", "gt": ">",
		"approx": "≈", "simeq": "≈", "sim": "≈", "doteq": "≈", "cdot": "*", "times": "*", "ast": "*", "cdotp": "*", "bullet": "*", "div": "/",
		"pm": "±", "mp": "∓", "pi": "π", "infty": "∞", "cup": "∪", "bigcup": "∪", "cap": "∩", "in": "∈", "circ": "°", "degree": "°",
		"emptyset": "∅", "varnothing": "∅", "lbrace": `\{`, "rbrace": `\}`, "{": `\{`, "}": `\}`, "mid": "|", "vert": "|", "lvert": "|",
		"rvert": "|", "lfloor": "⌊", "rfloor": "⌋", "lceil": "⌈", "rceil": "⌉", "langle": "(", "rangle": ")", "lparen": "(", "rparen": ")",
		"lbrack": "[", "rbrack": "]", "ldots": "…", "dots": "…", "cdots": "…", "prime": "'", "colon": ":", "lor": "or", "vee": "or",
		"land": "and", "wedge": "and", "%": "%", "$": "$", "_": "_", "&": "and", "#": "#", "|": "‖", "Re": "ℝ", "to": "→", "rightarrow": "→",
		"backslash": "/", "equiv": "≡",
	}
	commandNames = map[string]string{"dfrac": "frac", "tfrac": "frac", "cfrac": "frac", "dbinom": "binom", "tbinom": "binom", "imath": "i",
		"lg": "log", "tg": "tan", "varphi": "phi", "varepsilon": "epsilon", "vartheta": "theta"}
)

func setOf(words string) map[string]bool {
	out := map[string]bool{}
	for _, w := range strings.Fields(words) {
		out[w] = true
	}
	return out
}

// A lexer divides an answer into tokens.
type lexer struct {
	s       string
	out     []token
	space   bool
	comma   bool   // a comma is the decimal point
	grouped []bool // of each open bracket: a comma without space groups thousands, since elements are separated by ", "
}

// tokens divides s, which is clean, into tokens. With comma, 1,25 is a decimal.
func tokens(s string, comma bool) []token {
	l := &lexer{s: s, comma: comma}
	l.lex(0, len(s), false)
	return l.out
}

func (l *lexer) emit(t token) {
	t.space = l.space
	l.space = false
	l.out = append(l.out, t)
}

func (l *lexer) lex(i, end int, word bool) {
	closing := braces(l.s[:end])
	for i < end {
		rest := l.s[i:end]
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == '\\':
			i = l.command(i, end, closing, word)
			continue
		case unicode.IsSpace(r) || r == '~' || r == '$':
			l.space = true
		case isDigit(rest[0]) || r == '.' && len(rest) > 1 && isDigit(rest[1]):
			size = l.number(rest)
		case unicode.IsLetter(r):
			size = letters(rest)
			l.emit(token{kind: tokenLetters, text: rest[:size], word: word})
		case unicode.IsControl(r) || unicode.Is(unicode.Mn, r):
		default:
			l.bracket(r, rest)
			l.emit(symbol(string(r)))
		}
		i += size
	}
}

// letters returns the length of the run of letters of one script at the start of s.
func letters(s string) (n int) {
	ascii := s[0] < utf8.RuneSelf
	for i, r := range s {
		if !unicode.IsLetter(r) && !unicode.Is(unicode.Mn, r) || ascii && r >= utf8.RuneSelf && !unicode.Is(unicode.Latin, r) {
			return i
		}
	}
	return len(s)
}

// bracket notes whether a comma in the bracket that opens groups thousands.
func (l *lexer) bracket(r rune, rest string) {
	switch r {
	case '(', '[':
		depth := 0
		for i := range len(rest) {
			if depth += nesting(rest[i]); depth == 0 {
				rest = rest[:i]
				break
			}
		}
		l.grouped = append(l.grouped, strings.Contains(rest, ", ") || strings.Contains(rest, ";"))
	case ')', ']':
		if n := len(l.grouped); n > 0 {
			l.grouped = l.grouped[:n-1]
		}
	}
}

// command reads a command of LaTeX and returns the offset after it.
func (l *lexer) command(i, end int, closing []int, word bool) int {
	name := commandName(l.s[i+1 : end])
	next := i + 1 + len(name)
	group := skipSpace(l.s[:end], next)
	grouped := group < end && l.s[group] == '{' && closing[group] > 0
	switch {
	case name == `\`: // the end of a row, and its distance to the next one
		if next < end && l.s[next] == '[' {
			if n := strings.IndexByte(l.s[next:end], ']'); n > 0 {
				next += n + 1
			}
		}
		l.emit(symbol(`\\`))
	case name == "" || name[0] >= utf8.RuneSelf:
	case name == "left" || name == "right":
		if next < end && l.s[next] == '.' {
			next++
		}
	case ignored[name]:
	case spaces[name] || name[0] <= ' ':
		l.space = true
	case textCommands[name] && grouped:
		inside := strings.TrimSpace(l.s[group+1 : closing[group]])
		math := (name == "mathrm" || name == "operatorname") && (inside == "e" || inside == "i" || inside == "d" || known(inside))
		l.space = l.space || name != "operatorname" && l.s[group+1] == ' '
		l.lex(group+1, closing[group], !math)
		return closing[group] + 1
	case wrappers[name] && grouped:
		l.lex(group+1, closing[group], word)
		return closing[group] + 1
	case name == "mathbb" && grouped:
		set := strings.TrimSpace(l.s[group+1 : closing[group]])
		if set == "R" {
			set = "ℝ"
		}
		l.emit(symbol(set))
		return closing[group] + 1
	case (name == "begin" || name == "end") && grouped:
		l.emit(token{kind: tokenCommand, text: name + " " + l.s[group+1:closing[group]]})
		next = closing[group] + 1
		if name == "begin" && strings.HasPrefix(l.s[group+1:], "array") { // and its columns
			if at := skipSpace(l.s[:end], next); at < end && l.s[at] == '{' && closing[at] > 0 {
				next = closing[at] + 1
			}
		}
		return next
	case commandSymbols[name] != "":
		s := commandSymbols[name]
		if s == "$" {
			l.space = true
		} else if s == "and" || s == "or" {
			l.emit(token{kind: tokenLetters, text: s, word: true})
		} else {
			l.emit(symbol(s))
		}
	case name == "imath":
		l.emit(token{kind: tokenLetters, text: "i"})
	default:
		if other := commandNames[name]; other != "" {
			name = other
		}
		l.emit(token{kind: tokenCommand, text: name})
	}
	return next
}

var (
	plainNumber = regexp.MustCompile(`^(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)`)
	beforeBar   = regexp.MustCompile(`^([0-9]*\.)\\(?:overline|bar|dot)\b`)
	// scientific requires a decimal point, a capital E or an exponent of two digits, as programs print: in 2e-5, e is
	// Euler's number.
	scientific = regexp.MustCompile(`^(?:[0-9]*\.[0-9]*[eE][-+]?[0-9]+|[0-9]+E[-+]?[0-9]+|[0-9]+e[-+]?[0-9]{2,})`)
	// thousands are groups of three digits, separated by what cannot be a separator of elements.
	thousands      = regexp.MustCompile(`^[1-9][0-9]{0,2}(?:(?:,\\!\s*|\{,\}|\\[,; ]|~| |'|,)[0-9]{3})+`)
	dotThousands   = regexp.MustCompile(`^[1-9][0-9]{0,2}(?:(?:\.[0-9]{3}){2,}|(?:\.[0-9]{3})+,[0-9]+)`)
	groupSeparator = regexp.MustCompile(`,\\!\s*|\{,\}|\\[,; ]|~| |'|,`)
	commaDecimal   = regexp.MustCompile(`^(?:[0-9]{1,3}(?:(?:\\,|\.| |~)[0-9]{3})+|[0-9]+)(?:\{,\}|,)[0-9]+`)
	bracedComma    = regexp.MustCompile(`^[0-9]+\{,\}(?:[0-9]{4,}|[0-9]{1,2})`)
	zeroComma      = regexp.MustCompile(`^0,[0-9]{2,}`)
	spacedComma    = regexp.MustCompile(`^[1-9][0-9]{0,2}(?: [0-9]{3})+,[0-9]+`)
)

// number reads a number and returns its length.
func (l *lexer) number(rest string) int {
	digits, n := "", 0
	if m := plainNumber.FindString(rest); len(m) == len(rest) || !strings.ContainsAny(rest[len(m):len(m)+1], `,{\~ '.eE`) {
		digits, n = m, len(m)
	} else if m := l.groups(rest); m != "" {
		n = len(m)
		digits = groupSeparator.ReplaceAllString(m, "")
		if n < len(rest) && rest[n] == '.' {
			fraction := plainNumber.FindString(rest[n:])
			digits += fraction
			n += len(fraction)
		}
	} else if m := bracedComma.FindString(rest); m != "" && !(len(m) < len(rest) && isDigit(rest[len(m)])) {
		digits, n = strings.Replace(m, "{,}", ".", 1), len(m)
	} else if m := l.decimalComma(rest); m != "" {
		n = len(m)
		at := strings.LastIndexByte(m, ',')
		digits = strings.NewReplacer(".", "", " ", "", "~", "", `\,`, "", "{", "").Replace(m[:at]) + "." + m[at+1:]
		digits = strings.ReplaceAll(digits, "}", "")
	} else if m := dotThousands.FindString(rest); m != "" {
		n = len(m)
		digits = strings.ReplaceAll(m, ".", "")
		digits = strings.ReplaceAll(digits, ",", ".")
	} else if m := beforeBar.FindStringSubmatch(rest); m != nil {
		digits, n = m[1], len(m[1])
	} else if digits = scientific.FindString(rest); digits == "" {
		digits = plainNumber.FindString(rest)
		n = len(digits)
	} else {
		n = len(digits)
	}
	l.emit(decimalToken(digits))
	return n
}

// decimalToken returns the token of a decimal, whose exponent is at most of 4 digits.
func decimalToken(digits string) token {
	t := token{kind: tokenNumber, text: digits}
	mantissa, exponent, _ := strings.Cut(strings.ToLower(digits), "e")
	if len(exponent) > 5 {
		return token{kind: tokenSymbol, text: "?"}
	}
	num, ok := new(big.Rat).SetString(strings.TrimSuffix("0"+digits, "."))
	if !ok {
		return token{kind: tokenSymbol, text: "?"}
	}
	t.num = num
	if _, decimals, dotted := strings.Cut(mantissa, "."); dotted && decimals != "" || exponent != "" {
		t.ulp, _ = new(big.Rat).SetString("1e-" + strconv.Itoa(len(decimals)))
		if exponent != "" {
			scale, _ := new(big.Rat).SetString("1e" + exponent)
			t.ulp.Mul(t.ulp, scale)
		}
	}
	return t
}

// groups returns the number at the start of rest, if its digits are grouped by thousands.
func (l *lexer) groups(rest string) string {
	m := thousands.FindString(rest)
	if m == "" {
		return ""
	}
	inBrackets := len(l.grouped) > 0
	if inBrackets && strings.Contains(strings.ReplaceAll(strings.ReplaceAll(m, "{,}", ""), `,\!`, ""), ",") && !l.grouped[len(l.grouped)-1] {
		return ""
	}
	after := rest[len(m):]
	for after != "" && isDigit(after[0]) { // 1,2345 or 1 234567: the last group is none
		return ""
	}
	if spacedComma.MatchString(rest) {
		return ""
	}
	return m
}

// decimalComma returns the number at the start of rest, if its comma is the decimal point.
func (l *lexer) decimalComma(rest string) string {
	if m := spacedComma.FindString(rest); m != "" {
		return m
	}
	if m := zeroComma.FindString(rest); m != "" && len(l.grouped) == 0 {
		return m
	}
	if l.comma && (len(l.grouped) == 0 || strings.Contains(l.s, ";")) { // (2,7) is a point
		return commaDecimal.FindString(rest)
	}
	return ""
}

// commandName returns the name of the command in s, which follows a backslash: letters, or one character.
func commandName(s string) string {
	n := 0
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	if n == 0 && s != "" {
		_, n = utf8.DecodeRuneInString(s)
	}
	return s[:n]
}

func skipSpace(s string, i int) int {
	for i < len(s) && s[i] <= ' ' {
		i++
	}
	return i
}

// nesting returns 1 for an opening bracket, -1 for a closing one.
func nesting(c byte) int {
	switch c {
	case '(', '[', '{':
		return 1
	case ')', ']', '}':
		return -1
	}
	return 0
}

// braces returns, for the position of each opening brace, that of its closing brace, or 0 if there is none. Braces
// after a backslash are characters, not groups.
func braces(s string) []int {
	closing := make([]int, len(s)+1)
	var open []int
	for i := 0; i < len(s); i++ {
		switch s[i] {
		case '\\':
			i++
		case '{':
			open = append(open, i)
		case '}':
			if n := len(open); n > 0 {
				closing[open[n-1]] = i
				open = open[:n-1]
			}
		}
	}
	return closing
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isLetter(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
}
