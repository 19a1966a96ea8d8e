package protocol

import (
	"strings"
	"testing"
)

func TestTokensAreDistinctAndSafe(t *testing.T) {
	seen := make(map[string]string)
	for _, name := range []string{"a", "A", "a.b", "a/b", "a b", "a*", "a>", "a=2Eb", "ä", "a_b", "a-b"} {
		token := Token(name)
		if strings.ContainsAny(token, ".*> /\\\t") || token == "" {
			t.Errorf("token of %q is %q", name, token)
		}
		if other, ok := seen[token]; ok {
			t.Errorf("%q and %q have the same token", name, other)
		}
		seen[token] = name
	}
	if got, want := JobFilter("a.b", 3), "exp.3.a=2Eb.>"; got != want {
		t.Errorf("filter is %q, want %q", got, want)
	}
}

func TestParseSubject(t *testing.T) {
	for _, c := range []struct {
		subject   string
		partition int
		search    string
		ok        bool
	}{
		{"exp.3.m.s.1", 3, "s", true},
		{"ring.0.m.s.12", 0, "s", true},
		{"exp.x.m.s.1", 0, "s", false},
		{"exp.m.s.1", 0, "", false},
	} {
		partition, search, ok := ParseSubject(c.subject)
		if notification := NotificationSubject("exp.3.m.s.1"); notification != "ring.3.m.s.1" {
			t.Errorf("the notification is on %q", notification)
		}
		if partition != c.partition || search != c.search || ok != c.ok {
			t.Errorf("%s: got partition %d, search %q, %v; want %+v", c.subject, partition, search, ok, c)
		}
	}
}
