package openai

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"github.com/ponder-mesh/ponder/internal/modelserver"
)

// A Dialect is a kind of server and its extensions of OpenAI's API.
type Dialect string

const (
	DialectAuto     Dialect = "auto" // detected from the server's list of models
	DialectVLLM     Dialect = "vllm"
	DialectSGLang   Dialect = "sglang"
	DialectLlamaCpp Dialect = "llamacpp"
	DialectOllama   Dialect = "ollama"
	DialectGeneric  Dialect = "generic" // OpenAI's API and nothing else
)

var dialects = []Dialect{DialectAuto, DialectVLLM, DialectSGLang, DialectLlamaCpp, DialectOllama, DialectGeneric}

// ParseDialect returns the dialect with this name.
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

// detect returns the dialect. If it is DialectAuto, detect asks the server once for its
// list of models. A server without such a list has DialectGeneric.
func (e *Engine) detect(ctx context.Context) (Dialect, error) {
	if known := e.Dialect(); known != DialectAuto {
		return known, nil
	}
	list, err := e.client.Models(ctx)
	var status *modelserver.StatusError
	if err != nil && (!errors.As(err, &status) || status.Status != http.StatusNotFound) {
		return "", fmt.Errorf("detect the server's dialect: %w", err)
	}
	return e.learnDialect(list), nil
}

// Dialect returns the dialect, DialectAuto if it is not detected yet.
func (e *Engine) Dialect() Dialect {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.dialect
}

// learnDialect returns the dialect. If it is DialectAuto, learnDialect sets it by the server's
// list of models.
func (e *Engine) learnDialect(list []modelserver.Model) Dialect {
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
	if e.dialect == DialectAuto {
		e.dialect = found
	}
	return e.dialect
}

// Provider returns the kind of the server, for traces: its dialect, or "openai" if it has no other or is not detected
// yet.
func (e *Engine) Provider() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	switch e.dialect {
	case DialectAuto, DialectGeneric:
		return "openai"
	}
	return string(e.dialect)
}
