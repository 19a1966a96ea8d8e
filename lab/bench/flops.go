package bench

// FLOPs counts the FLOPs of a search by service.
type FLOPs struct {
	Policy     float64 `json:"policy"`
	Verifier   float64 `json:"verifier"`
	Difficulty float64 `json:"difficulty,omitempty"` // of the policy and the verifier in the difficulty estimate
}

// Sum returns all FLOPs of the search.
func (f FLOPs) Sum() float64 { return f.Policy + f.Verifier + f.Difficulty }
