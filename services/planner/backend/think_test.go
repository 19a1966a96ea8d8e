package backend

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/policy/template"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// saying returns a policy that generates a known text after each prefix, with one token per
// byte and one for the end. Its steps end at the template's delimiter.
func saying(format template.Template, after map[string]string) *policytest.Script {
	return &policytest.Script{Reply: func(r policy.Request, ordinal int) policytest.Reply {
		text, ok := after[strings.Join(r.Steps, "")]
		if !ok {
			return policytest.Reply{Err: fmt.Errorf("no text for prefix %q", r.Steps)}
		}
		c := policy.Child{Finish: reasoning.FinishEnd}
		left := r.Sampling.MaxTokens
		for step := range strings.SplitAfterSeq(text, format.Delimiter) {
			if step == "" {
				continue
			}
			cut := min(left, len(step))
			c.Steps = append(c.Steps, reasoning.Step{Text: step[:cut], Tokens: cut, LogProb: -float64(cut)})
			if left -= cut; cut < len(step) || left == 0 {
				c.Finish = reasoning.FinishLength
				break
			}
			if len(c.Steps) == r.Span {
				c.Finish = reasoning.FinishStep
				break
			}
		}
		if c.Finish == reasoning.FinishEnd {
			c.Steps[len(c.Steps)-1].Tokens++
		}
		return policytest.Reply{Child: c}
	}}
}

// lookup returns the template of a name.
func lookup(t testing.TB, name string) template.Template {
	t.Helper()
	format, err := template.Lookup(name)
	if err != nil {
		t.Fatal(err)
	}
	return format
}

// policyOnly returns a backend with a policy and without a verifier.
func policyOnly(p policy.Policy) search.Backend {
	return struct {
		policy.Policy
		verifier.Verifier
	}{p, nil}
}

// think returns one whole child.
func think(t *testing.T, w search.Backend, s Thinking, format template.Template) policy.Child {
	t.Helper()
	s.Mode = max(s.Mode, ModeForce)
	if err := s.Validate(64); err != nil {
		t.Fatal(err)
	}
	got, err := children(t.Context(), Think(w, s, format), ask(1))
	if err != nil || len(got) != 1 {
		t.Fatalf("got %d children and error %v, want one child", len(got), err)
	}
	return got[0]
}

// pocketSays has the texts of a policy with pocket's marks: two lines, the end of thinking
// and the answer, and how it goes on after a "Wait".
var pocketSays = map[string]string{
	"":                                  "1+2=3\n3+4=7\n#\nA:7\n",
	"1+2=3\n3+4=7\n#\n":                 "A:7\n",
	"1+2=3\n3+#":                        "",
	"1+2=3\n3+\n#\nA:":                  "3\n",
	"1+2=3\n#\nA:":                      "5\n",
	"1+2=3\n":                           "3+4=7\n#\nA:7\n",
	"1+2=3\n3+4=7\n":                    "#\nA:7\n",
	"1+2=3\n3+4=7\nWait\n":              "3+4=8\n#\nA:8\n",
	"1+2=3\n3+4=7\nWait\n3+4=8\n":       "#\nA:8\n",
	"1+2=3\n3+4=7\nWait\n3+4=8\n#\n":    "A:8\n",
	"1+2=3\n3+4=7\nWait\n3+\n#\nA:":     "9\n",
	"1+2=3\n3+4=7\nWait\n3+4=8\nWait\n": "ok\n#\n",
	"1+2=3\n3+4=7\nWait\n3+4=8\nWait\nok\n#\n": "A:8\n",
}

// "We enforce a maximum token count by simply appending the end-of-thinking token
// delimiter and optionally 'Final Answer:' to early exit the thinking stage and make
// the model provide its current best answer." (s1, §3.1)
func TestMaximumEndsThinkingAndOpensTheAnswer(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	policy := saying(format, pocketSays)
	got := think(t, policyOnly(policy), Thinking{Max: 8}, format)
	want := []reasoning.Step{
		{Text: "1+2=3\n", Tokens: 6, LogProb: -6},
		{Text: "3+\n", Tokens: 2, LogProb: -2}, // the newline is forced
		{Text: "#\n"},
		{Text: "A:3\n", Tokens: 3, LogProb: -2}, // two and the end of the text
	}
	if diff := cmp.Diff(got.Steps, want); diff != "" || got.Finish != reasoning.FinishEnd {
		t.Errorf("finished by %v (-got +want):\n%s", got.Finish, diff)
	}
	if got.Usage.Generated != 8+3 {
		t.Errorf("%d tokens were generated, want 8 of thinking and 3 of the answer: forced text has none",
			got.Usage.Generated)
	}
	if calls := policy.Calls(); len(calls) != 2 || calls[0].Request.Stop != "#\n" || calls[1].Request.Stop != "" ||
		calls[0].Request.Sampling.MaxTokens != 8 || calls[1].Request.Sampling.MaxTokens != 64-8 {
		t.Errorf("%d requests %+v, want one for thinking within its bound, and one for the answer with the rest",
			len(calls), calls)
	}
}

// Without the decorator the same policy has another answer: the control of the test above.
func TestWithoutThinkNothingIsForced(t *testing.T) {
	backend := policyOnly(saying(lookup(t, "pocket-think-v1"), pocketSays))
	got, err := children(t.Context(), backend, ask(1))
	if err != nil || reasoning.Join(got[0].Steps) != "1+2=3\n3+4=7\n#\nA:7\n" {
		t.Errorf("got %v and error %v, want the unforced text", got, err)
	}
}

// A line that ends at the bound gets no second newline.
func TestForcedEndHasALineOfItsOwn(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	child := think(t, policyOnly(saying(format, pocketSays)), Thinking{Max: 6}, format)
	if got, want := reasoning.Join(child.Steps), "1+2=3\n#\nA:5\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

// Thinking that ends within the bound is not changed: it has the plain mark, without "Final
// Answer:".
func TestNaturalEndIsNotForced(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	for _, most := range []int{14, 15, 40} { // the first 14 tokens include the mark
		child := think(t, policyOnly(saying(format, pocketSays)), Thinking{Max: most}, format)
		if got, want := reasoning.Join(child.Steps), "1+2=3\n3+4=7\n#\nA:7\n"; got != want {
			t.Errorf("at most %d tokens: got %q, want %q", most, got, want)
		}
	}
}

// "To enforce a minimum, we suppress the generation of the end-of-thinking token
// delimiter and optionally append the string 'Wait' to the model's current reasoning
// trace." (s1, §3.1)
func TestWaitTakesThePlaceOfTheEnd(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	for _, test := range []struct {
		how  Thinking
		want string
		cost int64
	}{
		{Thinking{Waits: 1}, "1+2=3\n3+4=7\nWait\n3+4=8\n#\nA:8\n", 14 + 8 + 5},
		{Thinking{Waits: 2}, "1+2=3\n3+4=7\nWait\n3+4=8\nWait\nok\n#\nA:8\n", 14 + 8 + 5 + 5},
		{Thinking{Min: 14}, "1+2=3\n3+4=7\n#\nA:7\n", 14 + 5},
		{Thinking{Min: 15}, "1+2=3\n3+4=7\nWait\n3+4=8\n#\nA:8\n", 14 + 8 + 5},
		{Thinking{Min: 15, Waits: 2}, "1+2=3\n3+4=7\nWait\n3+4=8\nWait\nok\n#\nA:8\n", 14 + 8 + 5 + 5},
		// The bound holds across waits: 2 of 16 tokens are left after the first.
		{Thinking{Waits: 1, Max: 16}, "1+2=3\n3+4=7\nWait\n3+\n#\nA:9\n", 14 + 2 + 3},
		// Without a "Wait" this model ends its thinking again at once, which is its second end.
		{Thinking{Waits: 1, EmptyWait: true}, "1+2=3\n3+4=7\n#\nA:7\n", 14 + 2 + 5},
		{Thinking{Min: 15, EmptyWait: true}, "1+2=3\n3+4=7\n#\nA:7\n", 14 + 2 + 5},
		// No token is left after the end: it is not suppressed.
		{Thinking{Waits: 1, Max: 14}, "1+2=3\n3+4=7\n#\nA:7\n", 14 + 5},
	} {
		got := think(t, policyOnly(saying(format, pocketSays)), test.how, format)
		text := reasoning.Join(got.Steps)
		if text != test.want || got.Usage.Generated != test.cost || tokens(got.Steps) != test.cost {
			t.Errorf("%+v: got %q for %d tokens, %d in its steps; want %q for %d",
				test.how, text, got.Usage.Generated, tokens(got.Steps), test.want, test.cost)
		}
	}
}

// The marks of s1, byte for byte: "Wait" continues the line, and a forced end has a line.
func TestTextsOfS1(t *testing.T) {
	format := lookup(t, "s1")
	says := map[string]string{
		"":       "Two and two.\n\nFour.\n<|im_start|>answer\n4",
		"Two an": "?", "Two an\n<|im_start|>answer\nFinal Answer:": " 3",
		"Two and two.\n\nFour.\n":                                  " Or five.\n<|im_start|>answer\n",
		"Two and two.\n\nFour.\n Or five.\n<|im_start|>answer\n":   "4",
		"Two and two.\n\nFour.\n<|im_start|>answer\n":              "4",
		"Two and two.\n\nFour.\nWait":                              ", five?<|im_end|>",
		"Two and two.\n\nFour.\nWait, five?\n<|im_start|>answer\n": "5",
		"Two and two.\n\nFour.\nHmm":                               " no.\n<|im_start|>answer\n",
		"Two and two.\n\nFour.\nHmm no.\n<|im_start|>answer\n":     "4",
	}
	for _, test := range []struct {
		how  Thinking
		want []string
	}{
		{Thinking{Max: 63}, []string{"Two and two.\n\n", "Four.\n<|im_start|>answer\n", "4"}},
		{Thinking{Max: 6}, []string{"Two an\n<|im_start|>answer\n", "Final Answer: 3"}},
		// The model ends its text within its thinking: the end is replaced by the mark.
		{Thinking{Waits: 1}, []string{"Two and two.\n\n", "Four.\nWait, five?\n<|im_start|>answer\n", "5"}},
		{Thinking{Waits: 1, EmptyWait: true}, []string{"Two and two.\n\n", "Four.\n Or five.\n<|im_start|>answer\n", "4"}},
		{Thinking{Waits: 1, Wait: "Hmm"}, []string{"Two and two.\n\n", "Four.\nHmm no.\n<|im_start|>answer\n", "4"}},
	} {
		test.how.Mode = ModeForce
		r := ask(1)
		r.Sampling.MaxTokens = 100
		got, err := children(t.Context(), Think(policyOnly(saying(format, says)), test.how, format), r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(reasoning.Texts(got[0].Steps), test.want); diff != "" || got[0].Finish != reasoning.FinishEnd {
			t.Errorf("%+v: by %v (-got +want):\n%s", test.how, got[0].Finish, diff)
		}
	}
}

func TestUnknownPrefixIsRefused(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	r := ask(1)
	r.Node, r.Steps = "7", []string{"1+2=3\n"}
	backend := Think(policyOnly(saying(format, pocketSays)), Thinking{Mode: ModeForce, Max: 8}, format)
	if _, err := children(t.Context(), backend, r); !errors.Is(err, reasoning.ErrInvalid) {
		t.Errorf("got %v, want ErrInvalid", err)
	}
}
