package backend

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A recorded is the record of a child: its longest known text, in whole steps.
type recorded struct {
	Steps   []reasoning.Step
	Finish  reasoning.Finish
	Usage   reasoning.Usage
	Waste   reasoning.Waste
	Unknown reasoning.Usage
}

func (r *recorded) cost() reasoning.Cost {
	return reasoning.Cost{Usage: r.Usage, Waste: r.Waste, Unknown: r.Unknown}
}

// A scored is the record of a path's scores.
type scored struct {
	Scores  []float64
	Usage   reasoning.Usage
	Waste   reasoning.Waste
	Unknown reasoning.Usage
}

func (s *scored) cost() reasoning.Cost {
	return reasoning.Cost{Usage: s.Usage, Waste: s.Waste, Unknown: s.Unknown}
}

// A prefixed is the record of a prefix that was continued.
type prefixed struct{ Tokens int64 }

// A record is a value of a Store. Its encoding keeps texts that are not UTF-8 and floats that
// JSON cannot represent. Unlike gob it does not repeat the types in each value, which takes
// sixty times as long to read.
type record interface {
	// fields writes all fields to a codec, or reads them from it.
	fields(*codec)
}

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
	c.waste(&r.Waste, &r.Unknown)
}

func (s *scored) fields(c *codec) {
	length(c, &s.Scores)
	for i := range s.Scores {
		c.float(&s.Scores[i])
	}
	c.usage(&s.Usage)
	c.waste(&s.Waste, &s.Unknown)
}

func (p *prefixed) fields(c *codec) { integer(c, &p.Tokens) }

// compact is the first byte of a record that a codec has written. Values of older stores are
// in gob, and begin with the length of a message, which is not 0; load reads them, too.
const compact = 0

// itemOf returns the item of a record.
func itemOf(key string, r record) Item {
	c := codec{bytes: []byte{compact}}
	r.fields(&c)
	return Item{key, c.bytes}
}

// save stores a record.
func save(ctx context.Context, s Store, key string, r record) error {
	if err := s.Put(ctx, itemOf(key, r)); err != nil {
		return fmt.Errorf("record a result: %w", err)
	}
	return nil
}

// load reads the record of a key into r, which must be zero; ok is false if there is none.
func load(ctx context.Context, s Store, key string, r record) (ok bool, err error) {
	b, ok, err := s.Get(ctx, key)
	switch {
	case !ok || err != nil:
	case len(b) > 0 && b[0] == compact:
		c := codec{reading: true, bytes: b[1:]}
		if r.fields(&c); c.broken || len(c.bytes) > 0 {
			err = errors.New("it is not a record of this kind")
		}
	default:
		err = gob.NewDecoder(bytes.NewReader(b)).Decode(r)
	}
	if err != nil {
		return false, fmt.Errorf("recall a result: %w", err)
	}
	return ok, nil
}
