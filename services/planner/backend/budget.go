package backend

// A Budget bounds the cost of a search. A bound of 0 is no bound; with a negative bound
// nothing can be spent.
type Budget struct {
	PolicyTokens   int64   // generated, discarded branches included
	VerifierTokens int64   // processed by the verifier
	FLOPs          float64 // of both models; not bounded while their Parameters are unknown
}
