package difficulty

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Scheme is a named division of pass rates into bins, the easiest first. Bin i holds
// the rates in [Edges[i], Edges[i-1]): the first bin all rates from Edges[0] on, the last bin all
// below the last edge.
type Scheme struct {
	Name  string    `json:"name"`
	Edges []float64 `json:"edges"` // descending, in (0,1); 1…MaxEdges
}

// MaxEdges limits the edges of a scheme.
const MaxEdges = 15

// Absolute is the scheme of Liu et al. 2025 (arXiv 2502.06703, §4.1): easy, medium and
// hard. The paper does not say which bin a threshold itself is in; here, and in every
// scheme, it is the easier one.
var Absolute = Scheme{"absolute", []float64{0.5, 0.1}}

// Quantiles returns a scheme of n bins with about len(rates)/n rates each, as Snell
// et al. 2024 (arXiv 2408.03314, §3.2) use with n = 5. Equal rates stay together, so
// there may be fewer bins.
func Quantiles(n int, rates []float64) Scheme {
	s := Scheme{Name: fmt.Sprintf("quantiles-%d", n)}
	sorted := slices.Sorted(slices.Values(rates))
	for i := n - 1; i > 0 && len(sorted) > 0; i-- {
		at := i * len(sorted) / n
		edge := sorted[at]
		if at > 0 && edge > sorted[at-1] { // halfway between the neighbouring rates
			edge = (edge + sorted[at-1]) / 2
		}
		if edge > sorted[0] && edge < 1 && (len(s.Edges) == 0 || edge < s.Edges[len(s.Edges)-1]) {
			s.Edges = append(s.Edges, edge)
		}
	}
	if len(s.Edges) == 0 { // all alike
		s.Edges = []float64{0.5}
	}
	return s
}

// Validate returns a *reasoning.InvalidError for the first rule that s breaks.
func (s Scheme) Validate() error {
	if len(s.Edges) == 0 || len(s.Edges) > MaxEdges {
		return reasoning.Invalid("scheme.edges", "must have 1 to %d edges, has %d", MaxEdges, len(s.Edges))
	}
	if len(s.Name) > 64 {
		return reasoning.Invalid("scheme.name", "must have at most 64 bytes, has %d", len(s.Name))
	}
	for i, e := range s.Edges {
		if !(e > 0 && e < 1) || i > 0 && e >= s.Edges[i-1] {
			return reasoning.Invalid("scheme.edges", "must descend within (0,1), has %v", s.Edges)
		}
	}
	return nil
}

// Bins returns the number of bins.
func (s Scheme) Bins() int { return len(s.Edges) + 1 }

// Bin returns the bin of a rate, from 0, the easiest.
func (s Scheme) Bin(rate float64) int {
	for i, edge := range s.Edges {
		if rate >= edge {
			return i
		}
	}
	return len(s.Edges)
}

// Label returns a human-readable name of a bin.
func (s Scheme) Label(bin int) string {
	if s.Name == Absolute.Name && slices.Equal(s.Edges, Absolute.Edges) {
		return []string{"easy", "medium", "hard"}[bin]
	}
	low, high := "0", "1]"
	if bin < len(s.Edges) {
		low = short(s.Edges[bin])
	}
	if bin > 0 {
		high = short(s.Edges[bin-1]) + ")"
	}
	return "[" + low + ", " + high
}

// short formats an edge with enough digits to tell close edges apart.
func short(edge float64) string {
	if edge < 0.01 || edge > 0.99 {
		return strconv.FormatFloat(edge, 'g', 3, 64)
	}
	return strconv.FormatFloat(edge, 'f', 2, 64)
}
