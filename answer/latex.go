package answer

import "strings"

var (
	// replaced maps commands that change only the appearance of an answer to shorter
	// texts. Since these are shorter, normalize ends.
	replaced = map[string]string{
		"left": "", "right": "", "displaystyle": "", "limits": "", "big": "", "Big": "", "bigl": "", "bigr": "",
		"!": "", ",": "", ";": "", ":": "", "$": "", "%": "", "(": "", ")": "", "[": "", "]": "",
		" ": " ", "quad": " ", "qquad": " ",
		"dfrac": `\frac`, "tfrac": `\frac`, "cfrac": `\frac`,
		"leq": `\le`, "geq": `\ge`, "neq": `\ne`, "lbrace": `\{`, "rbrace": `\}`,
		"cdot": "*", "times": "*", "div": "/", "pm": "±", "pi": "π", "infty": "∞", "cup": "∪", "circ": "°",
		"degree": "", "varnothing": `\emptyset`,
	}
	// unwrapped are the commands that are replaced by their argument.
	unwrapped = map[string]bool{
		"text": true, "textbf": true, "textit": true, "textrm": true, "mbox": true, "hbox": true, "boxed": true,
		"fbox": true, "mathrm": true, "mathbf": true, "mathit": true, "operatorname": true,
	}
	symbols = strings.NewReplacer("^{°}", "", "^°", "", "°", "", "$", "", "%", "", "£", "", "€", "", `"`, "", "“", "",
		"”", "")
)

// commands rewrites LaTeX commands, white space and commas in one pass. The result has
// ";" between elements and no commas: a second pass could not tell a comma that groups
// thousands (1,234) from one that separates elements (1, 234).
func commands(s string) string {
	w := writer{grouped: -1}
	closing := braces(s)
	skip := make([]bool, len(s)) // closing braces of unwrapped groups
	for i := 0; i < len(s); {
		rest := s[i:]
		switch c := s[i]; {
		case c == '\\':
			name := commandName(rest[1:])
			i += 1 + len(name)
			short, known := replaced[name]
			group := skipSpace(s, i)
			switch {
			case name == "!" && w.ends(';') && group < len(s) && isDigit(s[group]): // 10,\!080
				w.out = w.out[:len(w.out)-1]
				i = group
			case unwrapped[name] && closing[group] > 0:
				skip[closing[group]] = true
				i = group + 1
			case short == " ":
				i = w.space(s, i)
			case known:
				w.command(short)
			default:
				w.command(`\` + name)
			}
		case skip[i]:
			i++
		case c <= ' ':
			i = w.space(s, i)
		case c == ',' && w.groups(rest[1:]):
			w.out = append(w.out, rest[1:4]...)
			w.grouped = len(w.out)
			i += 4
		case c == ',':
			w.separate()
			i++
		default:
			w.char(c)
			i++
		}
	}
	return symbols.Replace(string(w.out))
}

// A writer collects the output of commands, with the state on which the handling of later
// input depends.
type writer struct {
	out     []byte
	depth   int  // of brackets (, [ and \{
	named   bool // out ends in the name of a command
	grouped int  // len(out) after the last group of thousands
}

func (w *writer) ends(c byte) bool { return len(w.out) > 0 && w.out[len(w.out)-1] == c }

func (w *writer) char(c byte) {
	switch {
	case c == '(' || c == '[':
		w.depth++
	case c == ')' || c == ']':
		w.depth--
	case w.named && isLetter(c): // \cot x is not \cotx
		w.out = append(w.out, ' ')
	}
	w.out = append(w.out, c)
	w.named = false
}

func (w *writer) command(s string) {
	if s == "" {
		return
	}
	switch s {
	case `\{`:
		w.depth++
	case `\}`:
		w.depth--
	}
	w.out = append(w.out, s...)
	w.named = s[0] == '\\' && isLetter(s[len(s)-1])
}

func (w *writer) separate() {
	if !w.ends(';') {
		w.out = append(w.out, ';')
	}
	w.named = false
}

// space writes the white space of s at i, or a separator if "and" or "or" follows, and
// returns the offset of the rest.
func (w *writer) space(s string, i int) int {
	i = skipSpace(s, i)
	if i == len(s) || len(w.out) == 0 {
		return i
	}
	for _, word := range []string{"and", "or"} {
		if rest, ok := strings.CutPrefix(s[i:], word); ok && rest != "" && rest[0] <= ' ' {
			w.separate()
			return i + len(word)
		}
	}
	if isDigit(w.out[len(w.out)-1]) && isDigit(s[i]) { // 1 4/5 is not 14/5
		w.out = append(w.out, ' ')
	}
	return i
}

// groups reports whether a comma between out and rest groups thousands.
func (w *writer) groups(rest string) bool {
	if w.depth > 0 || len(rest) < 3 || !isDigit(rest[0]) || !isDigit(rest[1]) || !isDigit(rest[2]) {
		return false
	}
	if len(rest) > 3 && isDigit(rest[3]) {
		return false
	}
	end := len(w.out)
	n := end
	for n > 0 && isDigit(w.out[n-1]) {
		n--
	}
	return end == w.grouped || n < end && end-n <= 3 && (n == 0 || w.out[n-1] != '.')
}

func skipSpace(s string, i int) int {
	for i < len(s) && s[i] <= ' ' {
		i++
	}
	return i
}

// commandName returns the name of the command in s, which follows a backslash: letters,
// or one character.
func commandName(s string) string {
	n := 0
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	return s[:max(n, min(1, len(s)))]
}
