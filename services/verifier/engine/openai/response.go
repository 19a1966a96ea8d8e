package openai

import (
	"fmt"
	"math"
	"strings"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/verifier"
)

type usage struct {
	Prompt    int64 `json:"prompt_tokens"`
	Generated int64 `json:"completion_tokens"`
	Details   struct {
		Cached int64 `json:"cached_tokens"`
	} `json:"prompt_tokens_details"`
}

// cost returns what the model processed, and what it found in its cache.
func (u usage) cost(model reasoning.Model) reasoning.Usage {
	processed := u.Prompt - u.Details.Cached + u.Generated
	return reasoning.Usage{Verifier: processed, Cached: u.Details.Cached, FLOPs: model.FLOPs(processed)}
}

// check returns an error if the numbers cannot be those of a request of size bytes for at most
// one token: a token has at least a byte, and a server adds its own text for a chat.
func (u usage) check(size int) error {
	const own = 16 << 10
	if u.Prompt < 0 || u.Details.Cached < 0 || u.Details.Cached > u.Prompt || u.Prompt > int64(size)+own ||
		u.Generated < 0 || u.Generated > own {
		return reasoning.Mark(fmt.Errorf("states %d tokens of the prompt, %d of them cached, and %d generated",
			u.Prompt, u.Details.Cached, u.Generated), modelserver.ErrResponse)
	}
	return nil
}

// pooled is vLLM's response to /pooling: a row per step, with the probabilities that
// the step is wrong and that it is right.
type pooled struct {
	Data []struct {
		Rows [][]float64 `json:"data"`
	} `json:"data"`
	Usage usage `json:"usage"`
}

func (p pooled) scores() ([]float64, error) {
	if len(p.Data) != 1 {
		return nil, fmt.Errorf("%w: %d outputs for one path", verifier.ErrBadScores, len(p.Data))
	}
	var scores []float64
	for i, row := range p.Data[0].Rows {
		if len(row) != 2 {
			return nil, fmt.Errorf("%w: row %d has %d numbers, want wrong and right", verifier.ErrBadScores, i, len(row))
		}
		scores = append(scores, row[1])
	}
	return scores, nil
}

// completion is a response of one token.
type completion struct {
	Choices []struct {
		Logprobs modelserver.Logprobs `json:"logprobs"`
	} `json:"choices"`
	Usage usage `json:"usage"`
}

// score returns the probability of + relative to that of + or -. If one of the two is
// not among the most likely tokens, score uses the probability of the least likely of
// these, an upper bound.
func (c completion) score() (float64, error) {
	if len(c.Choices) != 1 || len(c.Choices[0].Logprobs) == 0 || len(c.Choices[0].Logprobs[0].Top) == 0 {
		return 0, fmt.Errorf("%w: server returned no log-probabilities", verifier.ErrBadScores)
	}
	plus, minus, least := math.NaN(), math.NaN(), math.Inf(1)
	for _, t := range c.Choices[0].Logprobs[0].Top {
		switch strings.Trim(t.Text, " ▁Ġ") { // as tokenisers write a space
		case "+":
			plus = larger(plus, t.LogProb)
		case "-":
			minus = larger(minus, t.LogProb)
		}
		least = min(least, t.LogProb)
	}
	switch {
	case math.IsNaN(plus) && math.IsNaN(minus):
		return 0, fmt.Errorf("%w: neither + nor - is among the most likely tokens", verifier.ErrBadScores)
	case math.IsNaN(plus):
		plus = least
	case math.IsNaN(minus):
		minus = least
	}
	return 1 / (1 + math.Exp(minus-plus)), nil
}

// larger returns the larger of a and b, or b if a is NaN.
func larger(a, b float64) float64 {
	if math.IsNaN(a) {
		return b
	}
	return max(a, b)
}
