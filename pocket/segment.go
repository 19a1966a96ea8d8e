package pocket

// segment holds the keys and values of consecutive positions of one sequence. Keys
// are stored as head×capacity and values as capacity×head, so that neither product
// of attention needs a transposed operand.
type segment struct {
	start, len, cap int
	keys, values    []float32 // layers × kvHeads × head × cap
}

// key returns the keys of a layer and a group of heads, head×len.
func (s *segment) key(c config, layer, kv int) matrix {
	size := c.head() * s.cap
	at := (layer*c.kvHeads + kv) * size
	return matrix{c.head(), s.len, s.cap, s.keys[at : at+size]}
}

// value returns the values of a layer and a group of heads, len×head.
func (s *segment) value(c config, layer, kv int) matrix {
	size := c.head() * s.cap
	at := (layer*c.kvHeads + kv) * size
	return matrix{s.len, c.head(), c.head(), s.values[at : at+size]}
}

// copyFrom copies the first n positions of another segment with the same start.
func (s *segment) copyFrom(from *segment, n int, c config) {
	hd := c.head()
	for b := range c.layers * c.kvHeads {
		to, src := b*hd*s.cap, b*hd*from.cap
		copy(s.values[to:to+n*hd], from.values[src:src+n*hd])
		for i := range hd {
			copy(s.keys[to+i*s.cap:to+i*s.cap+n], from.keys[src+i*from.cap:src+i*from.cap+n])
		}
	}
	s.len = n
}

// view is the context of one sequence: a prefix shared with siblings (read-only, may
// be nil) and its own continuation.
type view struct{ shared, own *segment }

// len returns the number of positions in the context.
func (c view) len() int { return c.own.start + c.own.len }
