package pocket

import (
	"errors"
	"fmt"
	"math"
	"strings"
)

// Bounds on one Request.
const (
	MaxChildren     = 1024
	MaxPromptLength = 1 << 14 // bytes
)

var (
	// ErrRequest indicates a request that no engine of this model can serve.
	ErrRequest = errors.New("pocket: bad request")
	// ErrClosed indicates that the engine was closed before the request had finished.
	ErrClosed = errors.New("pocket: engine is closed")
)

// Request describes the continuations of one prompt that Generate returns.
type Request struct {
	Prompt      string   // problem and steps so far, each ended by a newline
	Seeds       []uint64 // one per child, 1…MaxChildren
	MaxTokens   int      // maximum tokens of a child, ≥ 1
	MaxSteps    int      // maximum steps of a child; 0: no limit
	Stop        string   // also ends a child; may contain a newline only at its end; "": none
	Temperature float64  // 0: greedy
	TopP        float64  // nucleus in (0, 1]; 0 means 1, the whole distribution

	// Progress, if not nil, is called after each token, with the index of the child's seed and
	// the number of its tokens so far. It may be called concurrently, and must not block.
	Progress func(index, generated int)
}

// check validates a request and returns the prompt's tokens.
func (r Request) check(m *Model) ([]int, error) {
	bad := func(field, format string, args ...any) ([]int, error) {
		return nil, fmt.Errorf("%w: %s: %w", ErrRequest, field, fmt.Errorf(format, args...))
	}
	switch {
	case len(r.Prompt) == 0 || len(r.Prompt) > MaxPromptLength:
		return bad("prompt", "%d bytes, want 1 to %d", len(r.Prompt), MaxPromptLength)
	case len(r.Seeds) == 0 || len(r.Seeds) > MaxChildren:
		return bad("seeds", "%d children, want 1 to %d", len(r.Seeds), MaxChildren)
	case r.MaxTokens < 1:
		return bad("max tokens", "%d, want at least 1", r.MaxTokens)
	case r.MaxSteps < 0:
		return bad("max steps", "%d, want 0 (no limit) or more", r.MaxSteps)
	case strings.Contains(strings.TrimSuffix(r.Stop, "\n"), "\n"):
		return bad("stop", "%q, want no newline before its end", r.Stop)
	case !(r.Temperature >= 0) || math.IsInf(r.Temperature, 0) || r.Temperature > 0 && r.Temperature < 1e-3:
		return bad("temperature", "%g, want 0 (greedy) or a number from 0.001", r.Temperature)
	case !(r.TopP >= 0 && r.TopP <= 1):
		return bad("top p", "%g, want a number in (0, 1], or 0 for 1", r.TopP)
	}
	ids, err := Encode(r.Prompt)
	if err != nil {
		return bad("prompt", "%w", err)
	}
	if ids = append([]int{tokenBOS}, ids...); len(ids) >= m.Context() {
		return bad("prompt", "%d tokens leave no room in a context of %d", len(ids), m.Context())
	}
	return ids, nil
}
