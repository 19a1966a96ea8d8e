package pocket

// sequence is an unfinished child.
type sequence struct {
	*job
	sampler
	child      Child
	kv         *segment
	next       int     // last token drawn, the input of the next pass
	stepTokens []int   // of the incomplete step
	logProb    float64 // of stepTokens
}

// start draws a child's first token from the logits after its prompt. It reports
// whether the child is unfinished.
func (q *sequence) start(m *Model) bool {
	if q.ctx.Err() != nil {
		return false
	}
	q.kv = newSegment(m.config, len(q.ids), min(q.request.MaxTokens, m.Context()-len(q.ids)))
	return q.accept(append([]float32(nil), q.prefix.logits...))
}
