package printable

import (
	"bytes"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestText(t *testing.T) {
	for text, want := range map[string]string{
		"12 + 7 = 19":                "12 + 7 = 19",
		`\boxed{\nabla f}`:           `\boxed{\nabla f}`,
		"톰은 ‘사과’ π ≤ 4 é 🍎":          "톰은 ‘사과’ π ≤ 4 é 🍎",
		"\x1b[31mred\x1b[0m":         `\x1b[31mred\x1b[0m`,
		"\x1b]0;pwned\a":             `\x1b]0;pwned\a`,
		"a\r\nb\tc\x00\x7f":          `a\r\nb\tc\x00\x7f`,
		"\u009b2J":                   `\u009b2J`, // CSI as one character
		"\u202e91 = 7 + 21\u202c":    `\u202e91 = 7 + 21\u202c`,
		"\u2066a\u2069\u200e":        `\u2066a\u2069\u200e`,
		"1\u200b9\u200c\u200d\ufeff": `1\u200b9\u200c\u200d\ufeff`,
		"a\u2028b\u2029":             `a\u2028b\u2029`,
		"\u3164\u034f\u00ad":         `\u3164\u034f\u00ad`,
		"tag\U000E0041\U000E0101":    `tag\U000e0041\U000e0101`,
		"half \xe2\x80 \xff":         `half \xe2\x80 \xff`,
		"\ufffd":                     "\ufffd",
		"":                           "",
	} {
		if got := Text(text); got != want {
			t.Errorf("%q became %s, want %s", text, got, want)
		}
	}
}

// Whatever the text, Text prints one line of characters that a terminal shows as themselves, and printing it again
// changes nothing.
func TestTextIsOneLineOfShownCharacters(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := Text(string(rapid.SliceOf(rapid.Byte()).Draw(t, "bytes")) + rapid.String().Draw(t, "text"))
		for _, r := range text {
			if !shown(r) {
				t.Fatalf("%U is in %q", r, text)
			}
		}
		if !utf8.ValidString(text) || Text(text) != text {
			t.Fatalf("%q is not UTF-8, or changes when it is printed again", text)
		}
	})
}

// Arguments of each kind are escaped, after their width is applied as before; the format is not.
func TestFprintfEscapesArguments(t *testing.T) {
	var b strings.Builder
	_, err := Fprintf(&b, "%-8s|%8s|%v|%q|%d|%5.2f\n\t%s", "\x1b[2J", "a", errors.New("x\ny"), "\u202e", 7, 1.5, []string{"\r"})
	if want := `\x1b[2J    |       a|x\ny|"\u202e"|7| 1.50` + "\n\t" + `[\r]`; err != nil || b.String() != want {
		t.Errorf("got %v and %q, want %q", err, b.String(), want)
	}
}

// A Writer keeps lines and escapes the rest, wherever the writes are cut.
func TestWriter(t *testing.T) {
	const text, want = "é 🍎\x1b[2J\r\u202e\u009b\n톰\xff\U000E0041!\n", "é 🍎" + `\x1b[2J\r\u202e\u009b` + "\n톰" + `\xff\U000e0041` + "!\n"
	var whole, cut bytes.Buffer
	if n, err := NewWriter(&whole).Write([]byte(text)); n != len(text) || err != nil {
		t.Errorf("got %d, %v", n, err)
	}
	w := NewWriter(&cut)
	for i := range len(text) {
		if _, err := w.Write([]byte(text[i : i+1])); err != nil {
			t.Fatal(err)
		}
	}
	if whole.String() != want || cut.String() != want {
		t.Errorf("got %q, and cut %q, want %q", whole.String(), cut.String(), want)
	}
	if n, err := NewWriter(failing{}).Write([]byte("a")); n != 0 || err == nil {
		t.Errorf("got %d, %v of a writer that fails", n, err)
	}
}

// failing is a writer that fails.
type failing struct{}

func (failing) Write([]byte) (int, error) { return 0, errors.New("full") }

// JSON has the same values, and no character that a terminal does not show; without the Writer it has some.
func TestJSONWriter(t *testing.T) {
	value := map[string]string{"text": "\x1b[2J\u009b\u007f\u202e\u200b\U000E0041 π 🍎"}
	var plain, escaped bytes.Buffer
	for _, e := range []*json.Encoder{json.NewEncoder(&plain), json.NewEncoder(NewJSONWriter(&escaped))} {
		e.SetIndent("", "\t")
		if err := e.Encode(value); err != nil {
			t.Fatal(err)
		}
	}
	hidden := func(r rune) bool { return !shown(r) && r != '\n' && r != '\t' }
	if strings.IndexFunc(plain.String(), hidden) < 0 || strings.IndexFunc(escaped.String(), hidden) >= 0 {
		t.Errorf("got %q, and without the writer %q", escaped.String(), plain.String())
	}
	var got map[string]string
	if err := json.Unmarshal(escaped.Bytes(), &got); err != nil || !cmp.Equal(got, value) {
		t.Errorf("%v\n%s", err, cmp.Diff(value, got))
	}
}
