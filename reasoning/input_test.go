package reasoning

import (
	"errors"
	"strings"
	"testing"
)

func TestInputRefusesOnlyWhatCannotBeRead(t *testing.T) {
	ascii := Input{Alphabet: "abc \n", Tokens: 5}
	words := Input{Tokens: 3}
	for _, test := range []struct {
		in   Input
		text string
		rule string // "": it may be read
	}{
		{Input{}, strings.Repeat("等于几 ", 1000), ""},
		{ascii, "abc\nab", "at least 6 tokens"},
		{ascii, "abc\na", ""},
		{ascii, " abc\na \n", ""}, // the white space around a text may be cut
		{ascii, "abä", `has the character 'ä' at byte 2`},
		{ascii, "ab\xff", `has the character`},
		{words, "one  two\nthree", ""},
		{words, "one two three four", "at least 4 tokens, and m has room for 3"},
		{words, strings.Repeat("几", 1000), ""}, // without white space nothing is known
	} {
		err := test.in.Check("problem", test.text, "m")
		var rule *InvalidError
		switch {
		case test.rule == "" && err != nil:
			t.Errorf("%+v, %.20q: got %v", test.in, test.text, err)
		case test.rule == "":
		case !errors.Is(err, ErrUnreadable) || Classify(err) != ErrUnreadable || !errors.As(err, &rule) || rule.Field != "problem":
			t.Errorf("%+v, %.20q: got %v, want ErrUnreadable that names the field", test.in, test.text, err)
		case !strings.Contains(rule.Rule, test.rule):
			t.Errorf("%+v, %.20q: got %v, want %q", test.in, test.text, err, test.rule)
		}
	}
}

// What two models read together, both read.
func TestInputAnd(t *testing.T) {
	for _, test := range []struct{ a, b, want Input }{
		{Input{}, Input{}, Input{}},
		{Input{Alphabet: "abc"}, Input{}, Input{Alphabet: "abc"}},
		{Input{Alphabet: "abc"}, Input{Alphabet: "cab"}, Input{Alphabet: "abc"}},
		{Input{Alphabet: "abc"}, Input{Alphabet: "bcd"}, Input{Alphabet: "bc"}},
		{Input{Tokens: 5}, Input{}, Input{Tokens: 5}},
		{Input{Tokens: 5}, Input{Tokens: 7}, Input{Tokens: 5}},
		{Input{Tokens: 9}, Input{Tokens: 7}, Input{Tokens: 7}},
	} {
		if got := test.a.And(test.b); got != test.want {
			t.Errorf("%+v and %+v: got %+v, want %+v", test.a, test.b, got, test.want)
		}
		if got, back := test.b.And(test.a), test.a.And(test.b); got.Tokens != back.Tokens || len(got.Alphabet) != len(back.Alphabet) {
			t.Errorf("%+v and %+v: got %+v one way, %+v the other", test.a, test.b, back, got)
		}
	}
}

func TestSupportAnd(t *testing.T) {
	all := []Support{SupportUnknown, SupportYes, SupportNo}
	want := map[[2]Support]Support{{SupportYes, SupportYes}: SupportYes}
	for _, a := range all {
		for _, b := range all {
			expected, ok := want[[2]Support{a, b}]
			if !ok && (a == SupportNo || b == SupportNo) {
				expected = SupportNo
			}
			if got := a.And(b); got != expected {
				t.Errorf("%v and %v: got %v, want %v", a, b, got, expected)
			}
		}
	}
}
