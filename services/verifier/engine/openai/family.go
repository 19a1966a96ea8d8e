package openai

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Family is the input and output format that reward models of one origin share. Its
// values are in the table below; see Lookup.
type Family struct {
	Name       string
	Aggregator verifier.Aggregator // the authors' choice

	path string
	// body returns a request for the scores of all steps, if pooled, otherwise for
	// the score of the last step.
	body   func(model, problem string, steps []string) map[string]any
	pooled bool
	marks  []string // texts that are control tokens to the model
}

var families = []Family{
	// Zhang et al. 2025, arXiv 2501.07301: a classifier of two classes, wrong and
	// right, at the mark that ends each step; the score of a solution is the product.
	{
		Name: "qwen2.5-math-prm", Aggregator: verifier.AggregatorProd, path: "/pooling", pooled: true,
		body: qwen, marks: []string{qwenMark, "<|"},
	},

	// RLHFlow's Llama3.1-8B-PRM-{Mistral,Deepseek}-Data: a chat with one step per user
	// turn, which the assistant answers with + or -; the authors take the mean.
	{
		Name: "rlhflow", Aggregator: verifier.AggregatorAvg, path: "chat/completions",
		body: rlhflow, marks: []string{"<|"},
	},

	// Wang et al. 2024, arXiv 2312.08935: the token after the mark that ends each
	// step is + or -; the score of a solution is the smallest.
	{
		Name: "math-shepherd", Aggregator: verifier.AggregatorMin, path: "completions",
		body: shepherd, marks: []string{shepherdMark, "</s>", "[INST]"},
	},
}

// Lookup returns the family with this name.
func Lookup(name string) (Family, error) {
	for _, f := range families {
		if f.Name == name {
			return f, nil
		}
	}
	return Family{}, fmt.Errorf("reward model family %q: must be one of %s", name, strings.Join(Names(), ", "))
}

// Names returns the names of all families, sorted.
func Names() []string {
	var names []string
	for _, f := range families {
		names = append(names, f.Name)
	}
	slices.Sort(names)
	return names
}

const (
	qwenMark     = "<extra_0>"
	shepherdMark = "ки"
	topLogprobs  = 20 // the most alternatives to a token that servers return
)

type message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

func qwen(model, problem string, steps []string) map[string]any {
	return map[string]any{"model": model, "messages": []message{
		{"system", `Please reason step by step, and put your final answer within \boxed{}.`},
		{"user", problem},
		{"assistant", strings.Join(steps, qwenMark) + qwenMark},
	}}
}

func rlhflow(model, problem string, steps []string) map[string]any {
	var chat []message
	for i, step := range steps {
		if i == 0 {
			step = problem + " " + step
		} else {
			chat = append(chat, message{"assistant", "+"})
		}
		chat = append(chat, message{"user", step})
	}
	return map[string]any{
		"model": model, "messages": chat,
		"max_tokens": 1, "temperature": 0, "logprobs": true, "top_logprobs": topLogprobs,
	}
}

func shepherd(model, problem string, steps []string) map[string]any {
	return map[string]any{
		"model": model, "prompt": problem + " " + strings.Join(steps, " "+shepherdMark+"\n") + " " + shepherdMark,
		"max_tokens": 1, "temperature": 0, "logprobs": topLogprobs,
	}
}

// escape inserts a space after the first character of each mark in text, so that a
// problem or a generated step can neither end a step nor imitate the reward model's
// own turn.
func (f Family) escape(text string) string {
	for _, mark := range f.marks {
		_, n := utf8.DecodeRuneInString(mark)
		text = strings.ReplaceAll(text, mark, mark[:n]+" "+mark[n:])
	}
	return text
}
