// Package template holds the prompts by which language models are made to
// continue solutions: what they are given, what ends a step, and what ends a
// solution where a model does not end it by itself.
//
// Earlier attempts at a problem are shown between it and the solution. Only a model
// that was trained to revise makes much of them (Snell et al. 2024, arXiv 2408.03314,
// §6, which fine-tunes one as prompting does little); with any other, what templates
// do here is an approximation, and results must say so.
//
// A template's text decides what a model writes, so its name is part of the
// model's identity. Whoever changes a text gives it a new name; a test sees to it.
package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Template turns a problem and the steps so far into text to be continued. Its
// values are in the registry; see Lookup.
type Template struct {
	Name      string
	Delimiter string // ends a step, and belongs to it
	Chat      bool   // the server's own chat markup is used: Messages; otherwise Prompt
	Thinking  Thinking
	// BareAttempts is of models that were trained to revise: they know attempts as bare
	// solutions, and no words about them.
	BareAttempts bool

	system        string // of a chat
	before, after string // what stands around the problem
	ended         func(step string) bool
	// revised is what stands between the problem and after where there are earlier
	// attempts; nil cannot show any.
	revised func(attempts []string) string
}

// A Thinking is how a model keeps what it thinks apart from what it answers, and by
// which texts it is made to do either. The zero value is of a model that does not.
type Thinking struct {
	End    string   // closes the thinking
	Answer string   // opens the answer after an End that was forced
	Wait   string   // takes the place of an End that is suppressed
	Strip  []string // what a server may leave of the token that ends a text
}

// A Message is one turn of a chat.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// A Text is a solution that is being written.
type Text struct {
	Problem  string
	Attempts []string // whole earlier solutions, oldest first, to improve on; perhaps with words on each
	Steps    []string // so far
}

// Check returns an error that is a reasoning.ErrInvalid if the template cannot show
// all of the text.
func (t Template) Check(text Text) error {
	if len(text.Attempts) > 0 && t.revised == nil {
		return reasoning.Invalid("attempts", "must be none: prompt template %q cannot show them", t.Name)
	}
	return nil
}

// Prompt is the text to be continued, whole: problem and steps are put in as they
// are, attempts without the newlines at their ends.
func (t Template) Prompt(text Text) string { return t.question(text) + strings.Join(text.Steps, "") }

func (t Template) question(text Text) string {
	shown := ""
	if len(text.Attempts) > 0 {
		shown = t.revised(text.Attempts)
	}
	return t.before + text.Problem + shown + t.after
}

// Messages are the turns of a chat; if there are steps, the last turn is the
// assistant's own and must be continued, not answered.
func (t Template) Messages(text Text) []Message {
	var chat []Message
	if t.system != "" {
		chat = append(chat, Message{"system", t.system})
	}
	chat = append(chat, Message{"user", t.question(text)})
	if len(text.Steps) > 0 {
		chat = append(chat, Message{"assistant", strings.Join(text.Steps, "")})
	}
	return chat
}

// Ended says whether a solution is at its end with this step, which has its
// delimiter. Models that were shown examples go on to the next one instead of
// ending their text.
func (t Template) Ended(step string) bool { return t.ended != nil && t.ended(step) }

// Lookup is the template with this name.
func Lookup(name string) (Template, error) {
	for _, t := range registry {
		if t.Name == name {
			return t, nil
		}
	}
	return Template{}, fmt.Errorf("prompt template %q: must be one of %s", name, strings.Join(Names(), ", "))
}

// Names of all templates, sorted.
func Names() []string { return names(func(Template) bool { return true }) }

// Thinkers are the names of the templates of models that think, sorted.
func Thinkers() []string { return names(func(t Template) bool { return t.Thinking.End != "" }) }

// Listeners are the names of the templates of models that can be told something about
// their attempts, sorted.
func Listeners() []string { return names(func(t Template) bool { return !t.BareAttempts }) }

func names(of func(Template) bool) []string {
	var names []string
	for _, t := range registry {
		if of(t) {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names
}
