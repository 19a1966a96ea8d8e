package openai

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// Steps depend on the text only, not on how it is cut into tokens and events: they are
// byte-exact, up to the span, each with the tokens that begin in it.
func TestStepsDoNotDependOnEvents(t *testing.T) {
	chat, err := template.Lookup("steps")
	if err != nil {
		t.Fatal(err)
	}
	rapid.Check(t, func(t *rapid.T) {
		alphabet := []string{"\n", "\n\n", "\n\n\n", "a", "b c", ".\n\n", "é"}
		tokens := rapid.SliceOfN(rapid.SampledFrom(alphabet), 1, 40).Draw(t, "tokens")
		span := rapid.IntRange(0, 5).Draw(t, "span")
		s := &sample{template: chat, span: span, limit: 100}
		for rest := tokens; len(rest) > 0 && s.finish == 0; {
			n := rapid.IntRange(1, len(rest)).Draw(t, "tokens of an event")
			e := event{text: strings.Join(rest[:n], "")}
			for _, token := range rest[:n] {
				e.tokens = append(e.tokens, modelserver.Token{Text: token, LogProb: -1})
			}
			if rest = rest[n:]; len(rest) == 0 {
				e.finish = "stop"
			}
			if err := s.add(e); err != nil {
				t.Fatal(err)
			}
		}

		want := strings.SplitAfter(strings.Join(tokens, ""), chat.Delimiter)
		if last := len(want) - 1; want[last] == "" {
			want = want[:last]
		}
		finish := reasoning.FinishEnd
		// A text that ends with the delimiter of its last step is cut before its end arrives.
		if span > 0 && (len(want) > span || len(want) == span && strings.HasSuffix(want[span-1], chat.Delimiter)) {
			want, finish = want[:span], reasoning.FinishStep
		}
		if diff := cmp.Diff(reasoning.Texts(s.steps), want); diff != "" || s.finish != finish {
			t.Fatalf("%q, span %d: finish %v, want %v; steps (-got +want):\n%s", tokens, span, s.finish, finish, diff)
		}
		begin, sum := 0, 0.0
		for _, step := range s.steps {
			sum += step.LogProb
		}
		inside := 0.0
		for _, token := range tokens {
			if begin < len(strings.Join(want, "")) {
				inside--
			}
			begin += len(token)
		}
		if sum != inside {
			t.Fatalf("%q, span %d: log-probabilities sum to %v, want %v", tokens, span, sum, inside)
		}
	})
}

// A step's tokens are those that begin in it.
func TestTokensBelongToTheStepInWhichTheyBegin(t *testing.T) {
	chat, err := template.Lookup("steps")
	if err != nil {
		t.Fatal(err)
	}
	s := &sample{template: chat, span: 2, limit: 100}
	for _, text := range []string{"a", "\n", "\nb", "c", "\n\n"} { // one step ends within a token
		if err := s.add(event{text: text, tokens: []modelserver.Token{{Text: text, LogProb: -1}}}); err != nil {
			t.Fatal(err)
		}
	}
	want := []reasoning.Step{{Text: "a\n\n", Tokens: 3, LogProb: -3}, {Text: "bc\n\n", Tokens: 2, LogProb: -2}}
	if diff := cmp.Diff(s.steps, want); diff != "" || s.finish != reasoning.FinishStep {
		t.Errorf("finish %v; steps (-got +want):\n%s", s.finish, diff)
	}
}

// The token that ends a text belongs to its last step, not to an empty one after it.
func TestEndOfTextIsNoStep(t *testing.T) {
	tmpl, err := template.Lookup("steps")
	if err != nil {
		t.Fatal(err)
	}
	s := &sample{template: tmpl, limit: 100}
	for _, e := range []event{
		{text: "a\n\n", tokens: []modelserver.Token{{Text: "a\n\n", LogProb: -1}}},
		{tokens: []modelserver.Token{{LogProb: -.5}}, finish: "stop"},
	} {
		if err := s.add(e); err != nil {
			t.Fatal(err)
		}
	}
	want := []reasoning.Step{{Text: "a\n\n", Tokens: 2, LogProb: -1.5}}
	if diff := cmp.Diff(s.steps, want); diff != "" || s.finish != reasoning.FinishEnd {
		t.Errorf("finish %v; steps (-got +want):\n%s", s.finish, diff)
	}
}

// A child ends at its stop, however the server cuts its events, even inside a step.
func TestSampleUntil(t *testing.T) {
	tmpl, err := template.Lookup("steps")
	if err != nil {
		t.Fatal(err)
	}
	const text, until = "2+2=4.\n\nSo 4.\n<|im_start|>answer\nFinal Answer: 4", "<|im_start|>answer\n"
	want := []string{"2+2=4.\n\n", "So 4.\n<|im_start|>answer\n"}
	for size := 1; size <= len(text); size++ {
		s := &sample{template: tmpl, until: until, limit: 100}
		for piece := range slices.Chunk([]byte(text), size) {
			e := event{text: string(piece), tokens: []modelserver.Token{{Text: string(piece), LogProb: -1}}}
			if err := s.add(e); err != nil {
				t.Fatal(err)
			}
		}
		got := reasoning.Texts(s.steps)
		if !slices.Equal(got, want) || s.finish != reasoning.FinishStep || !canStop([]*sample{s}, false) {
			t.Errorf("events of %d bytes: got %q with finish %v, want %q with finish step, and the rest cancelled",
				size, got, s.finish, want)
		}
	}
}
