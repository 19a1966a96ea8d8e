package printable

import (
	"fmt"
	"io"
	"unicode/utf16"
	"unicode/utf8"
)

// A Writer escapes what it writes, except for line breaks. It holds back the first bytes of a character until
// the others are written.
type Writer struct {
	to     io.Writer
	escape func(s string, r rune, invalid bool) string
	held   []byte
}

// NewWriter returns a Writer of the lines of a program: Text escapes each.
func NewWriter(to io.Writer) *Writer { return &Writer{to: to, escape: escape} }

// NewJSONWriter returns a Writer of JSON, which stays the same JSON: characters that a terminal does not show are
// escaped as JSON escapes them.
func NewJSONWriter(to io.Writer) *Writer {
	return &Writer{to: to, escape: func(s string, r rune, invalid bool) string {
		switch {
		case invalid || r == '\t' || r == '\r': // JSON has none of the first, and the others between values
			return s
		case r > 0xffff:
			high, low := utf16.EncodeRune(r)
			return fmt.Sprintf(`\u%04x\u%04x`, high, low)
		}
		return fmt.Sprintf(`\u%04x`, r)
	}}
}

// Write implements io.Writer.
func (w *Writer) Write(p []byte) (int, error) {
	all := append(w.held, p...)
	out := make([]byte, 0, len(all))
	for len(all) > 0 && utf8.FullRune(all) {
		r, size := utf8.DecodeRune(all)
		if invalid := r == utf8.RuneError && size == 1; r != '\n' && (invalid || !shown(r)) {
			out = append(out, w.escape(string(all[:size]), r, invalid)...)
		} else {
			out = append(out, all[:size]...)
		}
		all = all[size:]
	}
	w.held = append([]byte(nil), all...)
	if _, err := w.to.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
