package backend

// A Budget bounds what a search may cost. A bound of 0 does not bound; a negative
// one leaves nothing to spend.
type Budget struct {
	PolicyTokens   int64 // generated, discarded branches included
	VerifierTokens int64 // read
	FLOPs          float64
}
