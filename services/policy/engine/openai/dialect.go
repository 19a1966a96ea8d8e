package openai

import (
	"context"
	"fmt"
	"slices"
	"strings"
)

// A Dialect is a server's way to speak.
type Dialect string

const (
	Auto     Dialect = "auto" // found out from the server's list of models
	VLLM     Dialect = "vllm"
	SGLang   Dialect = "sglang"
	LlamaCpp Dialect = "llamacpp"
	Ollama   Dialect = "ollama"
	Generic  Dialect = "generic" // OpenAI's API and nothing else
)

var dialects = []Dialect{Auto, VLLM, SGLang, LlamaCpp, Ollama, Generic}

// ParseDialect is the dialect with this name.
func ParseDialect(name string) (Dialect, error) {
	if d := Dialect(name); slices.Contains(dialects, d) {
		return d, nil
	}
	var names []string
	for _, d := range dialects {
		names = append(names, string(d))
	}
	return "", fmt.Errorf("dialect %q: must be one of %s", name, strings.Join(names, ", "))
}

// speak is the dialect, asked for once where it is Auto.
func (e *Engine) speak(ctx context.Context) (Dialect, error) {
	e.mu.Lock()
	known := e.dialect
	e.mu.Unlock()
	if known != Auto {
		return known, nil
	}
	list, err := e.client.Models(ctx)
	if err != nil {
		return "", fmt.Errorf("finding out the server's dialect: %w", err)
	}
	found := Generic
	for _, m := range list {
		switch m.OwnedBy {
		case "vllm":
			found = VLLM
		case "sglang":
			found = SGLang
		case "llamacpp":
			found = LlamaCpp
		case "library":
			found = Ollama
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dialect = found
	return found, nil
}
