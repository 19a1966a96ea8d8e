package pocket

import "fmt"

// Finish is the reason why a child ended.
type Finish int

const (
	// FinishSteps indicates that the child reached MaxSteps or Stop.
	FinishSteps Finish = iota + 1
	// FinishEnd indicates that the model ended the text.
	FinishEnd
	// FinishLength indicates that the child reached MaxTokens or the model's context.
	FinishLength
)

func (f Finish) String() string {
	switch f {
	case FinishSteps:
		return "steps"
	case FinishEnd:
		return "end"
	case FinishLength:
		return "length"
	}
	return fmt.Sprintf("Finish(%d)", int(f))
}

// Step is one line of a child.
type Step struct {
	Text    string  // including its newline or Stop: the texts of a child concatenate to its bytes
	Tokens  int     // generated, including an end-of-text token
	LogProb float64 // sum over the tokens, under the model's distribution at temperature 1
}

// Child is one continuation.
type Child struct {
	Index  int // of the child's seed
	Steps  []Step
	Finish Finish
	Usage  Usage
}

// Text returns the child's whole text.
func (c Child) Text() string {
	text := ""
	for _, s := range c.Steps {
		text += s.Text
	}
	return text
}

// Usage counts tokens. Prompt − Cached tokens were computed: a prompt is computed once,
// charged to the first child that finishes, and cached for its siblings.
type Usage struct {
	Prompt    int // tokens of the prompt, with the begin-of-text token
	Cached    int // tokens of the prompt that were in the cache
	Generated int
}
