package reasoning

// A Finish is the reason why generation ended.
type Finish int

const (
	FinishStep   Finish = iota + 1 // at a step delimiter, after the requested number of steps
	FinishEnd                      // the policy ended the text: it should contain an answer
	FinishLength                   // cut by a token limit: neither a whole step nor an answer
)

func (f Finish) String() string {
	switch f {
	case FinishStep:
		return "step"
	case FinishEnd:
		return "end"
	case FinishLength:
		return "length"
	}
	return "unknown"
}
