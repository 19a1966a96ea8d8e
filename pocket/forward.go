package pocket

import "math"

// newSegment returns an empty segment for positions from start.
func newSegment(c config, start, capacity int) *segment {
	n := c.layers * c.kvDim() * capacity
	return &segment{start: start, cap: capacity, keys: make([]float32, n), values: make([]float32, n)}
}

// input is one row of a batch: the next token of a sequence. Rows of the same
// sequence must be in order and adjacent.
type input struct {
	view  view
	token int
}

// maxRows is the maximum number of tokens of one forward pass.
const maxRows = 64

// scratch is the working memory of one goroutine.
type scratch struct {
	m                        *Model
	x, norm, qkv, att, ff    []float32
	scores, states, logits   []float32
	pos                      [maxRows]int // position of each row's token
	qkvWidth, ffWidth, vocab int
}

func newScratch(m *Model) *scratch {
	c := m.config
	s := &scratch{m: m, qkvWidth: c.width + 2*c.kvDim(), ffWidth: 2 * c.hidden, vocab: VocabSize}
	s.x, s.norm = make([]float32, maxRows*c.width), make([]float32, maxRows*c.width)
	s.att, s.states = make([]float32, maxRows*c.width), make([]float32, maxRows*c.width)
	s.qkv, s.ff = make([]float32, maxRows*s.qkvWidth), make([]float32, maxRows*s.ffWidth)
	s.scores, s.logits = make([]float32, c.heads*c.context), make([]float32, maxRows*s.vocab)
	return s
}

// forward runs the batch through the trunk and appends the tokens to their views.
// Row i of the result is the normalised final state of input i. The result is valid
// until the next call.
func (s *scratch) forward(batch []input) matrix {
	m, c, rows := s.m, s.m.config, len(batch)
	for i, in := range batch {
		copy(s.x[i*c.width:], m.embed.row(in.token))
		s.pos[i] = in.view.len()
		in.view.own.len++
	}
	for l := range m.layers {
		w := &m.layers[l]
		s.normalise(w.attnNorm, rows)
		mul(s.qkv, s.qkvWidth, s.norm, c.width, rows, w.qkv, false)
		for i, in := range batch {
			s.store(l, i, in.view.own)
		}
		for i, in := range batch {
			s.attend(l, i, in.view)
		}
		mul(s.x, c.width, s.att, c.width, rows, w.out, true)
		s.normalise(w.ffnNorm, rows)
		mul(s.ff, s.ffWidth, s.norm, c.width, rows, w.gateUp, false)
		for i := range rows {
			row := s.ff[i*s.ffWidth : (i+1)*s.ffWidth]
			silu(row[:c.hidden], row[c.hidden:])
		}
		mul(s.x, c.width, s.ff, s.ffWidth, rows, w.down, true)
	}
	for i := range rows {
		rmsNorm(s.states[i*c.width:(i+1)*c.width], s.x[i*c.width:(i+1)*c.width], m.norm, c.eps)
	}
	return matrix{rows, c.width, c.width, s.states}
}

// predict computes the logits over the next token after each state.
func (s *scratch) predict(states matrix) matrix {
	mul(s.logits, s.vocab, states.data, states.stride, states.k, s.m.head, false)
	return matrix{states.k, s.vocab, s.vocab, s.logits}
}

// normalise writes the RMS norm of the rows of x into norm.
func (s *scratch) normalise(weight []float32, rows int) {
	d := s.m.config.width
	for i := range rows {
		rmsNorm(s.norm[i*d:(i+1)*d], s.x[i*d:(i+1)*d], weight, s.m.config.eps)
	}
}

// store rotates row i's queries and keys by their position (RoPE), and appends key and value of
// layer l to own.
func (s *scratch) store(l, i int, own *segment) {
	c, pos := s.m.config, s.pos[i]
	hd := c.head()
	row := s.qkv[i*s.qkvWidth : (i+1)*s.qkvWidth]
	cos, sin := s.m.cos[pos*hd/2:(pos+1)*hd/2], s.m.sin[pos*hd/2:(pos+1)*hd/2]
	for at := 0; at < c.width+c.kvDim(); at += hd {
		h := row[at : at+hd]
		for p := range cos {
			a, b := h[2*p], h[2*p+1]
			h[2*p], h[2*p+1] = a*cos[p]-b*sin[p], a*sin[p]+b*cos[p]
		}
	}
	t := pos - own.start
	for kv := range c.kvHeads {
		keys, values := own.key(c, l, kv), own.value(c, l, kv)
		for d, v := range row[c.width+kv*hd : c.width+(kv+1)*hd] {
			keys.data[d*keys.stride+t] = v
		}
		copy(values.data[t*hd:(t+1)*hd], row[c.width+c.kvDim()+kv*hd:])
	}
}

// attend computes row i's attention in layer l over its context up to and including itself.
func (s *scratch) attend(l, i int, v view) {
	c, n := s.m.config, s.pos[i]+1
	hd, group := c.head(), c.group()
	scale := 1 / float32(math.Sqrt(float64(hd)))
	for kv := range c.kvHeads {
		q := s.qkv[i*s.qkvWidth+kv*group*hd:]
		for _, seg := range [2]*segment{v.shared, v.own} {
			if seg != nil && seg.start < n {
				keys := seg.key(c, l, kv)
				keys.n = min(seg.len, n-seg.start)
				mul(s.scores[seg.start:], c.context, q, hd, group, keys, false)
			}
		}
		for g := range group {
			row := s.scores[g*c.context : g*c.context+n]
			for j := range row {
				row[j] *= scale
			}
			softmax(row)
		}
		out := s.att[i*c.width+kv*group*hd:]
		add := false
		for _, seg := range [2]*segment{v.shared, v.own} {
			if seg != nil && seg.start < n {
				values := seg.value(c, l, kv)
				values.k = min(seg.len, n-seg.start)
				mul(out, hd, s.scores[seg.start:], c.context, group, values, add)
				add = true
			}
		}
	}
}
