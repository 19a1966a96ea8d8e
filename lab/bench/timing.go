package bench

// Timing holds wall-clock measurements, which are not reproducible.
type Timing struct {
	ElapsedSeconds float64 `json:"elapsed_seconds"` // from the planner's acceptance to the end
}
