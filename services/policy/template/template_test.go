package template

import (
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A changed text gives other samples under the same identity. Give it a new name,
// and only then its hash here.
func TestTextsKeepTheirNames(t *testing.T) {
	got := map[string]string{}
	for _, tmpl := range registry {
		text := fmt.Sprintf("%q %q %v %v", tmpl.Delimiter, tmpl.Prompt("P", []string{"1", "2"}), tmpl.Messages("P", []string{"1", "2"}), tmpl.Chat)
		got[tmpl.Name] = fmt.Sprintf("%x", sha256.Sum256([]byte(text)))[:12]
	}
	want := map[string]string{
		"pocket":            "6c803262b642",
		"pocket-fewshot-v2": "5908e42b98bc",
		"gsm8k-fewshot":     "268697d0612b",
		"steps":             "5adfb5f85f25",
		"steps-chatml":      "9808fbe9ce57",
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
		{"steps-chatml", "<|im_start|>system\nPlease", "<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n2+2=4\nA:4\n"},
	} {
		tmpl, err := Lookup(test.name)
		if err != nil {
			t.Fatal(err)
		}
		got := tmpl.Prompt("How many?", []string{"2+2=4\n", "A:4\n"})
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
	if diff := cmp.Diff(tmpl.Messages("How many?", nil), want); diff != "" {
		t.Errorf("without steps (-got +want):\n%s", diff)
	}
	want = append(want, Message{"assistant", "First.\n\nSecond.\n\n"})
	if diff := cmp.Diff(tmpl.Messages("How many?", []string{"First.\n\n", "Second.\n\n"}), want); diff != "" {
		t.Errorf("with steps (-got +want):\n%s", diff)
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

func TestLookupNamesWhatThereIs(t *testing.T) {
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
