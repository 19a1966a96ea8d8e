// Package template holds the prompt templates with which language models continue
// solutions. A template defines the prompt, the delimiter of steps, and the step that
// ends a solution for models that do not end it themselves.
//
// Templates show earlier attempts between the problem and the solution. Only models
// that were trained to revise gain much from them: Snell et al. 2024 (arXiv 2408.03314,
// §6) fine-tune one, as prompting does little. For other models the templates are an
// approximation, and reports of their results must state so.
//
// The text of a template determines what a model generates, so its name is part of the
// model's identity. A changed text needs a new name; TestTextsKeepTheirNames fails
// otherwise.
package template

import (
	"fmt"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Template turns a problem and the steps so far into a prompt. The templates are in
// the registry; see Lookup.
type Template struct {
	Name      string
	Delimiter string // ends a step, and belongs to the step
	Chat      bool   // the server applies its chat markup to Messages; otherwise use Prompt
	Thinking  Thinking

	// BareAttempts marks models that were trained to revise: they accept solutions as
	// attempts, without comments on them.
	BareAttempts bool

	system        string // system message of a chat
	before, after string // text around the problem
	ended         func(step string) bool
	// attempts formats earlier attempts, which stand between the problem and after. It
	// is nil if the template cannot show any.
	attempts func(attempts []string) string
}

// A Thinking holds the texts that delimit a model's thinking, for budget forcing. The
// zero value means that the model does not think.
type Thinking struct {
	Begin  string   // begins the thinking, if the prompt does not
	End    string   // ends the thinking
	Answer string   // begins the answer after a forced End
	Wait   string   // replaces a suppressed End
	Strip  []string // remains of an end-of-text token that a server may leave in the text
}

// Check returns an error that is a reasoning.ErrInvalid if the template cannot show
// all of the text.
func (t Template) Check(text Text) error {
	if len(text.Attempts) > 0 && t.attempts == nil {
		return reasoning.Invalid("attempts", "must be none: prompt template %q cannot show them", t.Name)
	}
	return nil
}

// Prompt returns the whole prompt. It contains the problem and the steps unchanged, and
// the attempts without their trailing newlines.
func (t Template) Prompt(text Text) string { return t.question(text) + strings.Join(text.Steps, "") }

// question returns the prompt without the steps.
func (t Template) question(text Text) string {
	attempts := ""
	if len(text.Attempts) > 0 {
		attempts = t.attempts(text.Attempts)
	}
	return t.before + text.Problem + attempts + t.after
}

// Messages returns the turns of a chat. If there are steps, the last turn is the
// assistant's and must be continued, not answered.
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

// Ended reports whether step, delimiter included, ends a solution. Models that are
// prompted with examples generate a next example instead of ending their text.
func (t Template) Ended(step string) bool { return t.ended != nil && t.ended(step) }

// Marks returns the texts that begin and end the thinking of a model whose server sends it
// apart from the text. begin is empty if the prompt begins the thinking. A template for
// models that do not think has the marks of most models that do.
func (t Template) Marks() (begin, end string) {
	if t.Thinking.End == "" {
		return "<think>\n", "</think>\n"
	}
	return t.Thinking.Begin, t.Thinking.End
}

// Lookup returns the template with this name.
func Lookup(name string) (Template, error) {
	for _, t := range registry {
		if t.Name == name {
			return t, nil
		}
	}
	return Template{}, fmt.Errorf("prompt template %q: must be one of %s", name, strings.Join(Names(), ", "))
}

// Names returns the names of all templates, sorted.
func Names() []string { return names(func(Template) bool { return true }) }

// Thinkers returns the names of the templates for models that think, sorted.
func Thinkers() []string { return names(func(t Template) bool { return t.Thinking.End != "" }) }

// Commentable returns the names of the templates for models that accept comments on
// their attempts, sorted.
func Commentable() []string { return names(func(t Template) bool { return !t.BareAttempts }) }

func names(match func(Template) bool) []string {
	var names []string
	for _, t := range registry {
		if match(t) {
			names = append(names, t.Name)
		}
	}
	slices.Sort(names)
	return names
}
