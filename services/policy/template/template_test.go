package template

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A changed text changes the samples of a model without changing its identity. Give the
// template a new name before changing its hash here.
func TestTextsKeepTheirNames(t *testing.T) {
	got := map[string]string{}
	plain := Text{Problem: "P", Steps: []string{"1", "2"}}
	for _, tmpl := range registry {
		text := fmt.Sprintf("%q %q %v %v", tmpl.Delimiter, tmpl.Prompt(plain), tmpl.Messages(plain), tmpl.Chat)
		if tmpl.Thinking.End != "" {
			text += fmt.Sprintf(" {%q %q %q %q}", tmpl.Thinking.End, tmpl.Thinking.Answer, tmpl.Thinking.Wait, tmpl.Thinking.Strip)
			if tmpl.Thinking.Begin != "" {
				text += fmt.Sprintf(" %q", tmpl.Thinking.Begin)
			}
		}
		got[tmpl.Name] = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:12]
	}
	want := map[string]string{
		"pocket":            "6c803262b642",
		"pocket-fewshot-v2": "5908e42b98bc",
		"gsm8k-fewshot":     "268697d0612b",
		"steps":             "5adfb5f85f25",
		"steps-chatml":      "9808fbe9ce57",
		"pocket-think-v1":   "43549f2a441f",
		"s1":                "ac6421e1fe56",
		"think":             "df7e0370b889",
		"think-chatml":      "b24f0fe5ab5f",
	}
	if diff := cmp.Diff(got, want); diff != "" {
		t.Errorf("templates (-got +want):\n%s", diff)
	}
}

func TestPrompts(t *testing.T) {
	for _, test := range []struct {
		name, begins, ends string
	}{
		{"pocket", "How many?\n2+2=4\nA:4\n", "How many?\n2+2=4\nA:4\n"},
		{"pocket-fewshot-v2", "Solve each story", "\nA:100\n\nHow many?\n2+2=4\nA:4\n"},
		{"gsm8k-fewshot", "Question: Lena", "The answer is 5.\n\nQuestion: How many?\nAnswer:\n2+2=4\nA:4\n"},
		{"steps-chatml", "<|im_start|>system\nPlease",
			"<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n2+2=4\nA:4\n"},
	} {
		tmpl, err := Lookup(test.name)
		if err != nil {
			t.Fatal(err)
		}
		got := tmpl.Prompt(Text{Problem: "How many?", Steps: []string{"2+2=4\n", "A:4\n"}})
		if !strings.HasPrefix(got, test.begins) || !strings.HasSuffix(got, test.ends) {
			t.Errorf("%s: got %q, want %q … %q", test.name, got, test.begins, test.ends)
		}
	}
}

func TestMessages(t *testing.T) {
	tmpl, err := Lookup("steps")
	if err != nil {
		t.Fatal(err)
	}
	want := []Message{{"system", stepByStep}, {"user", "How many?"}}
	if diff := cmp.Diff(tmpl.Messages(Text{Problem: "How many?"}), want); diff != "" {
		t.Errorf("without steps (-got +want):\n%s", diff)
	}
	want = append(want, Message{"assistant", "First.\n\nSecond.\n\n"})
	withSteps := Text{Problem: "How many?", Steps: []string{"First.\n\n", "Second.\n\n"}}
	if diff := cmp.Diff(tmpl.Messages(withSteps), want); diff != "" {
		t.Errorf("with steps (-got +want):\n%s", diff)
	}
}

// The format of earlier attempts is part of what a template's name identifies.
func TestAttempts(t *testing.T) {
	text := Text{Problem: "How many?", Attempts: []string{"2+2=5\nA:5\n\n", "2+2=3\nA:3"}, Steps: []string{"2+2=4\n"}}
	revise := "How many?\n\nHere are previous attempts at this problem, oldest first. They may be wrong.\n" +
		"\nAttempt 1:\n2+2=5\nA:5\n\nAttempt 2:\n2+2=3\nA:3\n" +
		"\nFind what is wrong in them, if anything, and write a better solution of the problem."
	for name, want := range map[string]string{
		"pocket":            "How many?\n2+2=5\nA:5\n2+2=3\nA:3\n2+2=4\n",
		"pocket-fewshot-v2": "How many?\nSolutions that may be wrong:\n2+2=5\nA:5\n2+2=3\nA:3\nA better solution:\n2+2=4\n",
		"gsm8k-fewshot": "Question: How many?\nEarlier answers, which may be wrong:\n2+2=5\nA:5\n2+2=3\nA:3\n" +
			"A better answer follows.\nAnswer:\n2+2=4\n",
		"steps":        revise,
		"steps-chatml": revise + "<|im_end|>\n<|im_start|>assistant\n2+2=4\n",
	} {
		tmpl, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		got := tmpl.Prompt(text)
		if tmpl.Chat {
			got = tmpl.Messages(text)[1].Content
		}
		if err := tmpl.Check(text); err != nil || !strings.HasSuffix(got, want) {
			t.Errorf("%s: got %q and error %v, want it to end in %q", name, got, err, want)
		}
	}
}

func TestTemplateWithoutAttemptsRefusesThem(t *testing.T) {
	bare := Template{Name: "bare"}
	err := bare.Check(Text{Problem: "P", Attempts: []string{"A:5"}})
	var rule *reasoning.InvalidError
	if !errors.As(err, &rule) || rule.Field != "attempts" || !strings.Contains(rule.Rule, "bare") {
		t.Errorf("got %v, want an error on attempts that names the template", err)
	}
	if err := bare.Check(Text{Problem: "P"}); err != nil {
		t.Errorf("without attempts: %v", err)
	}
}

func TestEnded(t *testing.T) {
	for _, test := range []struct {
		name, step string
		want       bool
	}{
		{"pocket", "A:84\n", true},
		{"pocket", "48+36=84\n", false},
		{"pocket-fewshot-v2", "A:84\n", true},
		{"pocket-fewshot-v2", "\n", true},
		{"pocket-fewshot-v2", "84-A:8\n", false},
		{"gsm8k-fewshot", "So the answer: 7 * 2 = 14\n", false},
		{"gsm8k-fewshot", "The answer is 14.\n", true},
		{"gsm8k-fewshot", "#### 14\n", true},
		{"gsm8k-fewshot", "\n", true},
		{"steps", "So it is \\boxed{14}.\n\n", false}, // the model ends its own text
	} {
		tmpl, err := Lookup(test.name)
		if err != nil {
			t.Fatal(err)
		}
		if got := tmpl.Ended(test.step); got != test.want {
			t.Errorf("%s: Ended(%q) is %v, want %v", test.name, test.step, got, test.want)
		}
	}
}

func TestMarksOfThinking(t *testing.T) {
	for name, want := range map[string][2]string{
		"steps":           {"<think>\n", "</think>\n"}, // such models are not expected to think, but some do
		"think":           {"<think>\n", "</think>\n"},
		"think-chatml":    {"", "</think>\n"}, // the prompt ends with <think>
		"pocket-think-v1": {"", "#\n"},
	} {
		tmpl, err := Lookup(name)
		if err != nil {
			t.Fatal(err)
		}
		if begin, end := tmpl.Marks(); begin != want[0] || end != want[1] {
			t.Errorf("%s: got %q and %q, want %q", name, begin, end, want)
		}
	}
}

func TestLookupErrorNamesTheTemplates(t *testing.T) {
	_, err := Lookup("chatty")
	if err == nil {
		t.Fatal("got no error")
	}
	for _, name := range Names() {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("got %q, want it to name %q", err, name)
		}
	}
}
