package protocol

import (
	"os"
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
	if got := JobFilter("a.b", 3); got != "exp.3.a=2Eb.>" {
		t.Errorf("filter is %q", got)
	}
}

func TestParseConsumer(t *testing.T) {
	for _, want := range []string{"a", "a-1", "Qwen/Qwen2.5-0.5B *>", "100%", "ä=2"} {
		model, partition, ok := ParseConsumer(Consumer(want, 12))
		if model != want || partition != 12 || !ok {
			t.Errorf("got model %q, partition %d, %v; want %q, 12", model, partition, ok, want)
		}
	}
	for _, name := range []string{"", "exp", "exp-a", "exp-a-x", "other-a-1", "exp-=ZZ-1"} {
		if model, partition, ok := ParseConsumer(name); ok {
			t.Errorf("%s is read as model %q, partition %d", name, model, partition)
		}
	}
}

func TestPartitionsOfTransform(t *testing.T) {
	if _, destination := Transform(17); Partitions(destination) != 17 {
		t.Errorf("got %d, want 17", Partitions(destination))
	}
	if got := Partitions("exp.{{wildcard(1)}}"); got != 0 {
		t.Errorf("another transform has %d partitions, want 0", got)
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
		if partition != c.partition || search != c.search || ok != c.ok {
			t.Errorf("%s: got partition %d, search %q, %v; want %+v", c.subject, partition, search, ok, c)
		}
	}
}

// The overlay keda-queue names the consumers of its model, by a template that knows
// nothing of Consumer.
func TestConsumersOfTheScaledObject(t *testing.T) {
	text, err := os.ReadFile("../../../../deploy/k8s/overlays/keda-queue/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const key = "consumer: "
	partitions := strings.Count(string(text), key)
	if partitions != 32 {
		t.Errorf("%d consumers, want 32", partitions)
	}
	for i := range partitions {
		if want := key + Consumer("Qwen/Qwen2.5-7B-Instruct", i) + "\n"; !strings.Contains(string(text), want) {
			t.Errorf("no %s", want)
		}
	}
	if !strings.Contains(string(text), "stream: "+Stream+"\n") {
		t.Errorf("no stream %s", Stream)
	}
}
