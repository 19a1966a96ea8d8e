package reasoning

// A Bill is the cost of a search, by service.
type Bill struct {
	Policy     Usage
	Verifier   Usage
	Difficulty Usage // the estimate's samples and scores; a search that reuses them does not pay again
}

// Total returns the sum over the services.
func (b Bill) Total() Usage { return b.Policy.Add(b.Verifier).Add(b.Difficulty) }
