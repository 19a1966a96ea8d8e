package backend

import (
	"bytes"
	"encoding/binary"
	"encoding/gob"
	"errors"
	"fmt"
	"math"

	"github.com/ponder-mesh/ponder/reasoning"
)

// recorded is what is kept of a child: the longest text known, in whole steps.
type recorded struct {
	Steps  []reasoning.Step
	Finish reasoning.Finish
	Usage  reasoning.Usage
}

// scored is what is kept of a path's scores.
type scored struct {
	Scores []float64
	Usage  reasoning.Usage
}

// prefixed is what is kept of a prefix that was continued.
type prefixed struct{ Tokens int64 }

// A record has one list of its fields, which writes and reads it: numbers as varints,
// strings with their length before them, floats by their bits. Nothing is lost of
// texts that are not UTF-8 and of floats that JSON has no name for, and no types
// travel with each value as in gob, which takes sixty times as long to read.
type record interface{ fields(*codec) }

func (r *recorded) fields(c *codec) {
	length(c, &r.Steps)
	for i := range r.Steps {
		s := &r.Steps[i]
		c.text(&s.Text)
		integer(c, &s.Tokens)
		c.float(&s.LogProb)
	}
	integer(c, &r.Finish)
	c.usage(&r.Usage)
}

func (s *scored) fields(c *codec) {
	length(c, &s.Scores)
	for i := range s.Scores {
		c.float(&s.Scores[i])
	}
	c.usage(&s.Usage)
}

func (p *prefixed) fields(c *codec) { integer(c, &p.Tokens) }

// A codec writes fields to its bytes, or reads them from there.
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

// compact is the first byte of a record that a codec wrote. Stores of before had gob values,
// which begin with the length of a message; they are still read.
const compact = 0

func save(s Store, key string, r record) error {
	c := codec{bytes: []byte{compact}}
	r.fields(&c)
	if err := s.Put(key, c.bytes); err != nil {
		return fmt.Errorf("record a result: %w", err)
	}
	return nil
}

// load reads into r, which is zero, what is recorded under a key, if anything is.
func load(s Store, key string, r record) (ok bool, err error) {
	b, ok, err := s.Get(key)
	switch {
	case !ok || err != nil:
	case len(b) > 0 && b[0] == compact:
		c := codec{reading: true, bytes: b[1:]}
		if r.fields(&c); c.broken || len(c.bytes) > 0 {
			err = errors.New("it is no record of this kind")
		}
	default:
		err = gob.NewDecoder(bytes.NewReader(b)).Decode(r)
	}
	if err != nil {
		return false, fmt.Errorf("recall a result: %w", err)
	}
	return ok, nil
}
