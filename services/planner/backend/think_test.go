package backend

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/search/searchtest"
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

// Thinking that ends at the child's own limit or at the end of the context is truncated:
// the policy is not made to answer, and the child is not finished.
func TestCutByAnotherLimitStaysCut(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	r := ask(1)
	r.Sampling.MaxTokens = 8
	backend := Think(policyOnly(saying(format, pocketSays)), Thinking{Mode: ModeForce, Max: 20}, format)
	got, err := children(t.Context(), backend, r)
	if err != nil || got[0].Finish != reasoning.FinishLength || reasoning.Join(got[0].Steps) != "1+2=3\n3+" {
		t.Errorf("got %+v and error %v, want a child truncated at 8 tokens", got, err)
	}
}

// A budget that ends between the parts of a child leaves the child truncated, with all its
// usage, and fails the search's call.
func TestBudgetSpentBetweenParts(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	for tokens, want := range map[int64]string{
		8:  "1+2=3\n3+",
		14: "1+2=3\n3+4=7\nWait\n",
		16: "1+2=3\n3+4=7\nWait\n3+",
		22: "1+2=3\n3+4=7\nWait\n3+4=8\n#\n",
		24: "1+2=3\n3+4=7\nWait\n3+4=8\n#\nA:",
	} {
		m := Meter(policyOnly(saying(format, pocketSays)), Budget{PolicyTokens: tokens},
			reasoning.Model{}, reasoning.Model{})
		got, err := children(t.Context(), Think(m, Thinking{Mode: ModeForce, Max: 40, Waits: 1}, format), ask(1))
		if !errors.Is(err, search.ErrSpent) || len(got) != 1 {
			t.Errorf("%d tokens: got %d children and error %v, want one and ErrSpent", tokens, len(got), err)
			continue
		}
		text, billed := reasoning.Join(got[0].Steps), m.Bill().Policy.Generated
		if text != want || got[0].Finish != reasoning.FinishLength || billed != tokens {
			t.Errorf("%d tokens: got %q by %v, billed %d; want %q, truncated",
				tokens, text, got[0].Finish, billed, want)
		}
	}
}

// A child that its own limit truncates is not rejected: its thinking is not too long.
func TestCutByItsOwnLimitIsNotRejected(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	p := saying(format, pocketSays)
	r := ask(1)
	r.Sampling.MaxTokens = 8
	got, err := children(t.Context(), Think(policyOnly(p), Thinking{Mode: ModeReject, Max: 20}, format), r)
	if err != nil || got[0].Finish != reasoning.FinishLength || len(p.Calls()) != 1 {
		t.Errorf("got %+v after %d calls and error %v, want a truncated child after one", got, len(p.Calls()), err)
	}
}

// A span counts the steps that the policy generates, without forced or suppressed text.
func TestForcedStepsAreNotCounted(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	r := ask(1)
	r.Span = 3
	backend := Think(policyOnly(saying(format, pocketSays)), Thinking{Mode: ModeForce, Waits: 1}, format)
	got, err := children(t.Context(), backend, r)
	want := "1+2=3\n3+4=7\nWait\n3+4=8\n"
	if err != nil || reasoning.Join(got[0].Steps) != want || got[0].Finish != reasoning.FinishStep {
		t.Errorf("got %+v and error %v, want %q", got, err, want)
	}
}

// If a model ends its text in the requested step while it should think on, one more step is
// requested, not the whole rest.
func TestWaitAtTheEndOfTheTextIsAStep(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	p := &policytest.Script{Reply: func(r policy.Request, _ int) policytest.Reply {
		return policytest.Reply{Child: policy.Child{
			Steps: []reasoning.Step{{Text: "1+2=3\n", Tokens: 7}}, Finish: reasoning.FinishEnd,
		}}
	}}
	r := ask(1)
	r.Span = 1
	got, err := children(t.Context(), Think(policyOnly(p), Thinking{Mode: ModeForce, Waits: 1}, format), r)
	want := "1+2=3\nWait\n1+2=3\n#\n"
	if err != nil || reasoning.Join(got[0].Steps) != want || got[0].Finish != reasoning.FinishStep {
		t.Errorf("got %+v and error %v, want %q", got, err, want)
	}
	for _, c := range p.Calls() {
		if c.Request.Span != 1 {
			t.Errorf("%d steps were requested, want 1", c.Request.Span)
		}
	}
}

// Children that are steps share the bound of their path, and the path has the text of the
// whole sample.
func TestStepsShareThePathsBudget(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	for _, test := range []struct {
		how  Thinking
		want []string
	}{
		{Thinking{Max: 8}, []string{"1+2=3\n", "3+\n#\nA:3\n"}},
		{Thinking{Max: 6}, []string{"1+2=3\n", "#\nA:5\n"}},
		{Thinking{Waits: 1}, []string{"1+2=3\n", "3+4=7\n", "Wait\n3+4=8\n", "#\n", "A:8\n"}},
		{Thinking{Waits: 1, Max: 16}, []string{"1+2=3\n", "3+4=7\n", "Wait\n3+\n#\nA:9\n"}},
	} {
		test.how.Mode = ModeForce
		w := Think(policyOnly(saying(format, pocketSays)), test.how, format)
		r := ask(1)
		r.Span = 1
		var got []string
		for {
			steps, err := children(t.Context(), w, r)
			if err != nil {
				t.Fatalf("%+v after %q: %v", test.how, got, err)
			}
			got = append(got, reasoning.Join(steps[0].Steps))
			if steps[0].Finish != reasoning.FinishStep {
				break
			}
			r.Steps = append(r.Steps, reasoning.Texts(steps[0].Steps)...)
			r.Node = strings.TrimPrefix(r.Node+".0", ".")
		}
		if diff := cmp.Diff(got, test.want); diff != "" {
			t.Errorf("%+v (-got +want):\n%s", test.how, diff)
		}
		whole := think(t, policyOnly(saying(format, pocketSays)), test.how, format)
		if text := reasoning.Join(whole.Steps); text != strings.Join(got, "") {
			t.Errorf("%+v: step by step %q, want %q as in one child", test.how, got, text)
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

// "Rejection sampling: sampling until a generation fits a predetermined compute
// budget" (s1, §3.1): rejected tries are billed, and there are at most MaxTries.
func TestRejectedThinkingIsSampledAgain(t *testing.T) {
	format := lookup(t, "pocket-think-v1")
	for _, test := range []struct {
		fits   int // the try whose thinking fits, from 1
		calls  int
		finish reasoning.Finish
		cost   int64
	}{
		{1, 2, reasoning.FinishEnd, 8 + 5},
		{3, 4, reasoning.FinishEnd, 2*10 + 8 + 5},
		{99, MaxTries, reasoning.FinishLength, MaxTries * 10},
	} {
		tries := 0
		p := saying(format, map[string]string{"": "1+2=3\n#\nA:3\n", "1+2=3\n#\n": "A:3\n"})
		short := p.Reply
		p.Reply = func(r policy.Request, ordinal int) policytest.Reply {
			if len(r.Steps) == 0 {
				if tries++; tries < test.fits {
					return saying(format, pocketSays).Reply(r, ordinal)
				}
			}
			return short(r, ordinal)
		}
		got := think(t, policyOnly(p), Thinking{Mode: ModeReject, Max: 10}, format)
		calls := len(p.Calls())
		if calls != test.calls || got.Finish != test.finish || got.Usage.Generated != test.cost {
			t.Errorf("fits at try %d: %d calls, finished by %v for %d tokens; want %d, %v, %d",
				test.fits, calls, got.Finish, got.Usage.Generated, test.calls, test.finish, test.cost)
		}
		seeds := map[reasoning.Seed]bool{}
		for _, c := range p.Calls() {
			seeds[c.Request.Seed.Child(0)] = true
		}
		if len(seeds) != test.calls {
			t.Errorf("%d calls with %d seeds, want one each", test.calls, len(seeds))
		}
	}
}

// "Token-, step- and class-conditional control" (s1, §3.1, appendix E) is a sentence
// that the policy reads and the verifier does not.
func TestAdviceIsForThePolicyOnly(t *testing.T) {
	for sentence, how := range map[string]Thinking{
		"\n\nThink for up to 20 tokens.": {Mode: ModeAdvise, Max: 20, Advice: AdviceTokens},
		"\n\nThink for up to 16 steps.":  {Mode: ModeForce, Advice: AdviceSteps, Steps: 16},
		"\n\nAnswer after a short amount of thinking. Do not spend excessive time double-checking your work.": {Mode: ModeAdvise, Advice: AdviceShort},
	} {
		lock := searchtest.NewLock(1, nil)
		format, err := how.Format(reasoning.Model{Template: "pocket-think-v1"})
		if err == nil {
			err = how.Validate(64)
		}
		if err != nil {
			t.Fatal(err)
		}
		tree := search.New(Think(lock, how, format), problem("a"))
		if _, err := search.Run(t.Context(), tree, search.BestOfN{N: 2}); err != nil {
			t.Fatal(err)
		}
		for _, c := range lock.Calls() {
			if want := "31415" + sentence; c.Request.Problem != want {
				t.Errorf("the policy reads %q, want %q", c.Request.Problem, want)
			}
		}
		for _, r := range lock.ScoreRequests() {
			if r.Problem != "31415" {
				t.Errorf("the verifier reads %q, want the problem without advice", r.Problem)
			}
		}
	}
}

func TestTemplateWithoutMarksIsRefused(t *testing.T) {
	for _, name := range []string{"steps", "pocket-line-v1", ""} {
		_, err := Thinking{Mode: ModeForce, Max: 8}.Format(reasoning.Model{Name: "m", Template: name})
		var rule *reasoning.InvalidError
		if !errors.As(err, &rule) || rule.Field != "thinking" || !strings.Contains(rule.Rule, "pocket-think-v1") ||
			!strings.Contains(rule.Rule, fmt.Sprintf("%q", name)) {
			t.Errorf("%q: got %v, want thinking refused, with the names of valid templates", name, err)
		}
	}
}

func TestValidateNamesTheField(t *testing.T) {
	for field, broken := range map[string][]Thinking{
		"thinking": {{Mode: ModeForce}},
		"thinking.mode": {
			{}, {Mode: 9, Max: 1}, {Mode: ModeReject, Max: 5, Waits: 1}, {Mode: ModeAdvise, Advice: AdviceLong, Min: 1},
		},
		"thinking.advice": {{Mode: ModeForce, Advice: 9}, {Mode: ModeAdvise, Max: 5}},
		"thinking.max_tokens": {
			{Mode: ModeForce, Max: -1}, {Mode: ModeForce, Max: 64}, {Mode: ModeReject},
			{Mode: ModeAdvise, Advice: AdviceTokens},
		},
		"thinking.min_tokens": {{Mode: ModeForce, Min: -1}, {Mode: ModeForce, Min: 64}, {Mode: ModeForce, Min: 9, Max: 8}},
		"thinking.waits":      {{Mode: ModeForce, Waits: -1}, {Mode: ModeForce, Waits: MaxWaits + 1}},
		"thinking.wait": {
			{Mode: ModeForce, Waits: 1, Wait: "\xff"},
			{Mode: ModeForce, Waits: 1, Wait: strings.Repeat("x", MaxWait+1)},
		},
		"thinking.max_steps": {{Mode: ModeAdvise, Advice: AdviceSteps}, {Mode: ModeForce, Max: 5, Steps: 3}},
	} {
		for _, b := range broken {
			var rule *reasoning.InvalidError
			if err := b.Validate(64); !errors.As(err, &rule) || rule.Field != field || rule.Rule == "" {
				t.Errorf("%+v: got %v, want a rule for field %s", b, err, field)
			}
		}
	}
}
