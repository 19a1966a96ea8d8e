package backend

import (
	"encoding/binary"
	"math"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A codec writes fields to its bytes, or reads them from there: numbers as varints,
// strings with their length before them, floats by their bits.
type codec struct {
	reading bool
	bytes   []byte
	broken  bool // what is read is no record
}

func (c *codec) usage(u *reasoning.Usage) {
	integer(c, &u.Generated)
	integer(c, &u.Prompt)
	integer(c, &u.Cached)
	integer(c, &u.Verifier)
	c.float(&u.FLOPs)
}

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

func (c *codec) float(v *float64) {
	if !c.reading {
		c.bytes = binary.LittleEndian.AppendUint64(c.bytes, math.Float64bits(*v))
	} else if b := c.take(8); b != nil {
		*v = math.Float64frombits(binary.LittleEndian.Uint64(b))
	}
}

func (c *codec) text(v *string) {
	n := len(*v)
	integer(c, &n)
	if !c.reading {
		c.bytes = append(c.bytes, *v...)
	} else {
		*v = string(c.take(n))
	}
}

// length writes a list's length, or makes one of the length that it reads; its elements
// are the caller's to go through.
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

func (c *codec) take(n int) []byte {
	if n < 0 || n > len(c.bytes) {
		c.fail()
		return nil
	}
	b := c.bytes[:n]
	c.bytes = c.bytes[n:]
	return b
}

func (c *codec) fail() { c.broken, c.bytes = true, nil }
