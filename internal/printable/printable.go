// Package printable escapes text from outside, such as a model's, a peer's or a server's, for a person who reads it
// on a terminal: such text must not move the cursor, change the terminal, reorder or hide what is beside it, or begin
// a line that looks like one of the program's own.
package printable

import (
	"fmt"
	"io"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// supplement has the variation selectors beyond those of emoji: they are invisible, and can carry hidden text.
var supplement = &unicode.RangeTable{R32: []unicode.Range32{{Lo: 0xE0100, Hi: 0xE01EF, Stride: 1}}}

// shown reports whether a terminal shows r as itself: a letter, a mark, a number, a symbol or a space. Control and
// format characters (bidirectional overrides, zero-width spaces and joiners), line and paragraph separators,
// characters without a glyph and unassigned ones are not shown.
func shown(r rune) bool {
	return unicode.IsGraphic(r) && !unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, supplement)
}

// Text returns s on one line, with each character that a terminal does not show as itself, and each byte that is
// not UTF-8, as Go writes it in a string: \n, \x1b, \u202e. Backslashes stay as they are, since formulas have many.
func Text(s string) string {
	if strings.IndexFunc(s, func(r rune) bool { return !shown(r) || r == utf8.RuneError }) < 0 {
		return s
	}
	var b strings.Builder
	for len(s) > 0 {
		r, size := utf8.DecodeRuneInString(s)
		if invalid := r == utf8.RuneError && size == 1; invalid || !shown(r) {
			b.WriteString(escape(s[:size], r, invalid))
		} else {
			b.WriteRune(r)
		}
		s = s[size:]
	}
	return b.String()
}

// escape returns the escape sequence of a character, or of a byte that is not UTF-8.
func escape(s string, r rune, invalid bool) string {
	switch {
	case invalid || r < 0x80: // also the control characters with a name, such as \n
		quoted := strconv.QuoteToASCII(s)
		return quoted[1 : len(quoted)-1]
	case r > 0xffff:
		return fmt.Sprintf(`\U%08x`, r)
	}
	return fmt.Sprintf(`\u%04x`, r)
}

// An argument prints its value as Text.
type argument struct{ value any }

// Format implements fmt.Formatter.
func (a argument) Format(s fmt.State, verb rune) {
	_, _ = io.WriteString(s, Text(fmt.Sprintf(fmt.FormatString(s, verb), a.value)))
}

// Fprintf is fmt.Fprintf with all arguments as Text; the format is printed as it is. It changes the elements of args.
func Fprintf(w io.Writer, format string, args ...any) (int, error) {
	wrap(args) // in place: go vet then checks the formats of callers
	return fmt.Fprintf(w, format, args...)
}

// wrap makes arguments of values.
func wrap(values []any) {
	for i, v := range values {
		values[i] = argument{v}
	}
}
