package main

import "testing"

func TestDistance(t *testing.T) {
	for _, test := range []struct {
		a, b string
		want int
	}{
		{"", "", 0}, {"", "84", 2}, {"48+36=84", "48+36=84", 0}, {"48+36=84", "48+36=94", 1},
		{"kitten", "sitting", 3}, {"A:12", "2+10=12\nA:12", 8},
	} {
		if got, back := distance(test.a, test.b), distance(test.b, test.a); got != test.want || back != test.want {
			t.Errorf("%q and %q: %d and %d, want %d", test.a, test.b, got, back, test.want)
		}
	}
}
