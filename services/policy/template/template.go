// Package template holds the prompts by which language models are made to
// continue solutions: what they are given, what ends a step, and what ends a
// solution where a model does not end it by itself.
//
// A template's text decides what a model writes, so its name is part of the
// model's identity. Whoever changes a text gives it a new name; a test sees to it.
package template

import (
	"fmt"
	"slices"
	"strings"
)

// A Template turns a problem and the steps so far into text to be continued. Its
// values are in the registry; see Lookup.
type Template struct {
	Name      string
	Delimiter string // ends a step, and belongs to it
	Chat      bool   // the server's own chat markup is used: Messages; otherwise Prompt

	system        string // of a chat
	before, after string // what stands around the problem
	ended         func(step string) bool
}

// A Message is one turn of a chat.
type Message struct {
	Role    string `json:"role"`
	Content string `json:"content"`
}

// Prompt is the text to be continued, whole: problem and steps are put in as they
// are.
func (t Template) Prompt(problem string, steps []string) string {
	return t.before + problem + t.after + strings.Join(steps, "")
}

// Messages are the turns of a chat; if there are steps, the last turn is the
// assistant's own and must be continued, not answered.
func (t Template) Messages(problem string, steps []string) []Message {
	var chat []Message
	if t.system != "" {
		chat = append(chat, Message{"system", t.system})
	}
	chat = append(chat, Message{"user", t.before + problem + t.after})
	if len(steps) > 0 {
		chat = append(chat, Message{"assistant", strings.Join(steps, "")})
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
func Names() []string {
	var names []string
	for _, t := range registry {
		names = append(names, t.Name)
	}
	slices.Sort(names)
	return names
}
