package pocket

import "strings"

// prefill runs a prompt through the trunk and adds it to the cache. It copies the
// positions that the prompt shares with a cached one and returns their number. The
// last position is always computed, so that s.states ends with its state. With
// scoring, the result has all states and log-probabilities instead of logits.
func (s *scratch) prefill(cache *prefixCache, ids []int, scoring bool) (p *prefix, cached int) {
	c := s.m.config
	p = &prefix{ids: ids, kv: newSegment(c, 0, len(ids))}
	if scoring {
		p.states, p.logProbs = make([]float32, len(ids)*c.width), make([]float64, len(ids))
	}
	if old, n := cache.longest(ids); old != nil {
		cached = min(n, len(ids)-1)
		p.kv.copyFrom(old.kv, cached, c)
		copy(p.states, old.states[:min(len(old.states), cached*c.width)])
		copy(p.logProbs, old.logProbs[:min(len(old.logProbs), cached)])
	}
	batch := make([]input, 0, maxRows)
	for at := cached; at < len(ids); at += len(batch) {
		batch = batch[:0]
		for _, id := range ids[at:min(at+maxRows, len(ids))] {
			batch = append(batch, input{view{own: p.kv}, id})
		}
		states := s.forward(batch)
		if scoring {
			copy(p.states[at*c.width:], states.data[:len(batch)*c.width])
		} else if at+len(batch) == len(ids) {
			last := s.predict(matrix{1, c.width, c.width, states.row(len(batch) - 1)})
			p.logits = append([]float32(nil), last.data[:VocabSize]...)
		}
	}
	for at := max(cached, 1); scoring && at < len(ids); at += maxRows {
		n := min(maxRows, len(ids)-at)
		logits := s.predict(matrix{n, c.width, c.width, p.states[(at-1)*c.width:]})
		for i := range n {
			p.logProbs[at+i] = logSoftmaxAt(logits.row(i), ids[at+i])
		}
	}
	cache.add(p)
	return p, cached
}

// advance adds a token to every running sequence and returns the unfinished ones. It
// drops sequences whose request was cancelled.
func advance(s *scratch, running []*sequence) []*sequence {
	active := running[:0]
	batch := make([]input, 0, maxRows)
	for _, q := range running {
		if q.ctx.Err() == nil {
			active = append(active, q)
			batch = append(batch, input{view{q.prefix.kv, q.kv}, q.next})
		}
	}
	clear(running[len(active):])
	if len(active) == 0 {
		return active
	}
	logits := s.predict(s.forward(batch))
	unfinished := active[:0]
	for i, q := range active {
		if q.accept(logits.row(i)) {
			unfinished = append(unfinished, q)
		}
	}
	clear(active[len(unfinished):])
	return unfinished
}

// accept draws the sequence's next token from logits, which it overwrites. It
// reports whether the sequence is unfinished; a finished child is sent to Generate.
func (q *sequence) accept(logits []float32) bool {
	var plain [VocabSize]float32
	copy(plain[:], logits)
	position := len(q.ids) + q.child.Usage.Generated
	q.next = q.draw(logits, position)
	q.child.Usage.Generated++
	q.generated.Add(1)
	if q.request.Progress != nil {
		q.request.Progress(q.child.Index, q.child.Usage.Generated)
	}
	q.stepTokens = append(q.stepTokens, q.next)
	q.logProb += logSoftmaxAt(plain[:], q.next)
	stopped := q.request.Stop != "" && strings.HasSuffix(Decode(q.stepTokens), q.request.Stop)
	if stopped || q.next == tokenNewline {
		q.endStep()
	}
	switch {
	case q.next == tokenEOS:
		q.child.Finish = FinishEnd
	case stopped:
		q.child.Finish = FinishSteps
	case q.request.MaxSteps > 0 && len(q.child.Steps) == q.request.MaxSteps:
		q.child.Finish = FinishSteps
	case q.child.Usage.Generated == q.kv.cap:
		q.child.Finish = FinishLength
	default:
		return true
	}
	q.endStep()
	q.children <- q.child
	return false
}

// endStep completes the current line. It counts an end-of-text token right after a
// newline as part of the line before.
func (q *sequence) endStep() {
	if len(q.stepTokens) == 0 {
		return
	}
	step := Step{Text: Decode(q.stepTokens), Tokens: len(q.stepTokens), LogProb: q.logProb}
	if n := len(q.child.Steps); step.Text == "" && n > 0 {
		q.child.Steps[n-1].Tokens += step.Tokens
		q.child.Steps[n-1].LogProb += step.LogProb
	} else {
		q.child.Steps = append(q.child.Steps, step)
	}
	q.stepTokens, q.logProb = q.stepTokens[:0], 0
}
