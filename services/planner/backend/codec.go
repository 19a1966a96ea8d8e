package backend

import (
	"encoding/binary"
	"math"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A codec writes fields to its bytes, or reads them from there: integers as varints, strings
// and lists after their length, floats as their bits.
type codec struct {
	reading bool
	bytes   []byte // written so far, or still to read
	broken  bool   // the bytes are not a record of this kind
}

// usage writes or reads a usage.
func (c *codec) usage(u *reasoning.Usage) {
	integer(c, &u.Generated)
	integer(c, &u.Prompt)
	integer(c, &u.Cached)
	integer(c, &u.Verifier)
	c.float(&u.FLOPs)
}

// waste writes or reads what was wasted, the last fields of a record. It writes nothing if nothing was: so are the records
// of stores that did not name waste.
func (c *codec) waste(w *reasoning.Waste, unknown *reasoning.Usage) {
	if c.reading && len(c.bytes) == 0 || !c.reading && *w == (reasoning.Waste{}) && *unknown == (reasoning.Usage{}) {
		return
	}
	for _, u := range []*reasoning.Usage{&w.Cancelled, &w.Failed, &w.Lost, &w.Untrusted, unknown} {
		c.usage(u)
	}
}

// integer writes or reads an integer.
func integer[T ~int | ~int64](c *codec, v *T) {
	if !c.reading {
		c.bytes = binary.AppendVarint(c.bytes, int64(*v))
		return
	}
	x, n := binary.Varint(c.bytes)
	if n <= 0 {
		c.fail()
		return
	}
	*v, c.bytes = T(x), c.bytes[n:]
}

// float writes or reads a float.
func (c *codec) float(v *float64) {
	if !c.reading {
		c.bytes = binary.LittleEndian.AppendUint64(c.bytes, math.Float64bits(*v))
	} else if b := c.take(8); b != nil {
		*v = math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
}

// text writes or reads a string.
func (c *codec) text(v *string) {
	n := len(*v)
	integer(c, &n)
	if !c.reading {
		c.bytes = append(c.bytes, *v...)
	} else {
		*v = string(c.take(n))
	}
}

// length writes the length of a list, or reads it and makes the list. The caller writes or
// reads the elements.
func length[T any](c *codec, v *[]T) {
	n := len(*v)
	integer(c, &n)
	switch {
	case !c.reading:
	case n < 0 || n > len(c.bytes): // an element has a byte or more
		c.fail()
	case n > 0:
		*v = make([]T, n)
	}
}

// take reads n bytes; it returns nil if there are fewer.
func (c *codec) take(n int) []byte {
	if n < 0 || n > len(c.bytes) {
		c.fail()
		return nil
	}
	b := c.bytes[:n]
	c.bytes = c.bytes[n:]
	return b
}

// fail ends the reading of broken bytes.
func (c *codec) fail() { c.broken, c.bytes = true, nil }
