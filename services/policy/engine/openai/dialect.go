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
	DialectAuto     Dialect = "auto" // found out from the server's list of models
	DialectVLLM     Dialect = "vllm"
	DialectSGLang   Dialect = "sglang"
	DialectLlamaCpp Dialect = "llamacpp"
	DialectOllama   Dialect = "ollama"
	DialectGeneric  Dialect = "generic" // OpenAI's API and nothing else
)

var dialects = []Dialect{DialectAuto, DialectVLLM, DialectSGLang, DialectLlamaCpp, DialectOllama, DialectGeneric}

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
	if known != DialectAuto {
		return known, nil
	}
	list, err := e.client.Models(ctx)
	if err != nil {
		return "", fmt.Errorf("finding out the server's dialect: %w", err)
	}
	found := DialectGeneric
	for _, m := range list {
		switch m.OwnedBy {
		case "vllm":
			found = DialectVLLM
		case "sglang":
			found = DialectSGLang
		case "llamacpp":
			found = DialectLlamaCpp
		case "library":
			found = DialectOllama
		}
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	e.dialect = found
	return found, nil
}
