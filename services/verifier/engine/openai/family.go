package openai

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Family is the way in which reward models of one origin are fed and read. Its
// values are in the table below; see Lookup.
type Family struct {
	Name       string
	Aggregator verifier.Aggregator // that its authors use

	path string
	// body asks for the scores of all steps, if pooled, else for a verdict on the
	// last one.
	body   func(model, problem string, steps []string) map[string]any
	pooled bool
	marks  []string // texts that mean more to the model than they say
}

var families = []Family{
	// Zhang et al. 2025, arXiv 2501.07301: a head of two classes, right and wrong, at
	// the mark that ends each step; a response's score is the product.
	{Name: "qwen2.5-math-prm", Aggregator: verifier.AggregatorProd, path: "/pooling", pooled: true, body: qwen, marks: []string{qwenMark, "<|"}},

	// RLHFlow's Llama3.1-8B-PRM-{Mistral,Deepseek}-Data: a chat in which the user
	// tells a step a turn, and the assistant says + or -; their authors take the mean.
	{Name: "rlhflow", Aggregator: verifier.AggregatorAvg, path: "chat/completions", body: rlhflow, marks: []string{"<|"}},

	// Wang et al. 2024, arXiv 2312.08935: the token after the mark that ends each
	// step is + or -; a solution's score is the smallest.
	{Name: "math-shepherd", Aggregator: verifier.AggregatorMin, path: "completions", body: shepherd, marks: []string{shepherdMark, "</s>", "[INST]"}},
}

// Lookup is the family with this name.
func Lookup(name string) (Family, error) {
	for _, f := range families {
		if f.Name == name {
			return f, nil
		}
	}
	return Family{}, fmt.Errorf("reward model family %q: must be one of %s", name, strings.Join(Names(), ", "))
}

// Names of all families, sorted.
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
	rivals       = 20 // most that servers tell beside a token
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
		"max_tokens": 1, "temperature": 0, "logprobs": true, "top_logprobs": rivals,
	}
}

func shepherd(model, problem string, steps []string) map[string]any {
	return map[string]any{
		"model": model, "prompt": problem + " " + strings.Join(steps, " "+shepherdMark+"\n") + " " + shepherdMark,
		"max_tokens": 1, "temperature": 0, "logprobs": rivals,
	}
}

// defuse takes their meaning from marks that stand in a problem or in what a
// policy wrote, by a space after the first character: nobody may end a step, or
// speak for the judge, by writing its marks.
func (f Family) defuse(text string) string {
	for _, mark := range f.marks {
		_, n := utf8.DecodeRuneInString(mark)
		text = strings.ReplaceAll(text, mark, mark[:n]+" "+mark[n:])
	}
	return text
}
