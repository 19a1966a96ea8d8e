package measure

// A Point is the accuracy of a method at one budget.
type Point struct {
	Budget   float64 `json:"budget"` // > 0, in a unit common to all curves
	Accuracy float64 `json:"accuracy"`
}
