package reasoning

// Sampling holds the parameters by which a policy samples tokens.
type Sampling struct {
	Temperature float64 `json:"temperature"` // 0 is greedy; at most 2
	TopP        float64 `json:"top_p"`       // nucleus sampling, in (0,1]; 1 is off
	MaxTokens   int     `json:"max_tokens"`  // maximum number of tokens of one child
}

// DefaultSampling returns the sampling parameters of requests that set none.
func DefaultSampling(maxTokens int) Sampling {
	return Sampling{Temperature: 0.8, TopP: 1, MaxTokens: maxTokens}
}
