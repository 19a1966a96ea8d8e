package reasoning

// A Model identifies weights, a tokenizer and a prompt template. Two models with equal
// identities give the same distribution over continuations, so the identity is
// part of every recorded result's key.
type Model struct {
	Name       string `json:"name"`              // such as "pocket-0.3m"
	Version    string `json:"version,omitempty"` // a digest of the weights; empty if the engine knows none
	Tokenizer  string `json:"tokenizer,omitempty"`
	Template   string `json:"template,omitempty"`   // the prompt template that turns a problem and steps into text
	Parameters int64  `json:"parameters,omitempty"` // active parameters per token; 0 if not known
}

// Accepts reports whether model have may serve a request for model m: name, version,
// tokenizer and template must be equal where m sets them. Parameters is not compared.
func (m Model) Accepts(have Model) bool {
	return (m.Name == "" || m.Name == have.Name) &&
		(m.Version == "" || m.Version == have.Version) &&
		(m.Tokenizer == "" || m.Tokenizer == have.Tokenizer) &&
		(m.Template == "" || m.Template == have.Template)
}

// FLOPs returns the cost of processing tokens: 2 × parameters × tokens (Kaplan et al. 2020,
// arXiv 2001.08361, §2.1, which also leaves out the cost of attention over the context).
func (m Model) FLOPs(tokens int64) float64 { return 2 * float64(m.Parameters) * float64(tokens) }
