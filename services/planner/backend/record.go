package backend

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A recorded is what is kept of a child: the longest text known, in whole steps.
type recorded struct {
	Steps  []reasoning.Step
	Finish reasoning.Finish
	Usage  reasoning.Usage
}

// A scored is what is kept of a path's scores.
type scored struct {
	Scores []float64
	Usage  reasoning.Usage
}

// A prefixed is what is kept of a prefix that was continued.
type prefixed struct{ Tokens int64 }

// A record is one of these. It has one list of its fields, which a codec writes or reads.
//
// Nothing is lost of texts that are not UTF-8 and of floats that JSON has no name for, and
// no types travel with each value as in gob, which takes sixty times as long to read.
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

// compact is the first byte of a record that a codec wrote. The values of older stores are
// of gob, and begin with the length of a message, which is not 0; they are still read.
const compact = 0

// itemOf returns the item that keeps r under a key.
func itemOf(key string, r record) Item {
	c := codec{bytes: []byte{compact}}
	r.fields(&c)
	return Item{key, c.bytes}
}

// save keeps r under a key.
func save(ctx context.Context, s Store, key string, r record) error {
	if err := s.Put(ctx, itemOf(key, r)); err != nil {
		return fmt.Errorf("record a result: %w", err)
	}
	return nil
}

// load reads into r, which is zero, what is kept under a key; ok is false if nothing is.
func load(ctx context.Context, s Store, key string, r record) (ok bool, err error) {
	b, ok, err := s.Get(ctx, key)
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
