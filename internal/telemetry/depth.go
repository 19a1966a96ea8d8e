package telemetry

import (
	"strconv"

	"go.opentelemetry.io/otel/attribute"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// maxDepthLabel is the first depth that shares its label with all deeper ones: a
// histogram costs a series for each bucket, depth and strategy.
const maxDepthLabel = 16

var depthLabels = func() (labels [maxDepthLabel + 1]attribute.KeyValue) {
	for d := range maxDepthLabel {
		labels[d] = attribute.String(names.LabelDepth, strconv.Itoa(d))
	}
	labels[maxDepthLabel] = attribute.String(names.LabelDepth, strconv.Itoa(maxDepthLabel)+"+")
	return labels
}()

// DepthLabel returns the label of a depth.
func DepthLabel(depth int) attribute.KeyValue {
	return depthLabels[min(max(depth, 0), maxDepthLabel)]
}
