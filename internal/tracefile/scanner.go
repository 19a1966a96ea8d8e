package tracefile

import (
	"bufio"
	"encoding/json"
	"errors"
	"io"
)

// errSyntax is the error of text that is not the JSON that was expected.
var errSyntax = errors.New("not JSON of spans")

// A scanner reads JSON from a stream, value by value. It holds one value of at most MaxLine bytes at a time.
type scanner struct {
	r     *bufio.Reader
	fresh bool   // there are only spaces since the last newline
	text  []byte // of the latest value
}

func newScanner(r io.Reader) *scanner {
	return &scanner{r: bufio.NewReaderSize(r, 64<<10), fresh: true, text: []byte{}}
}

// next returns the next byte that is not a space, and does not consume it.
func (s *scanner) next() (byte, error) {
	for {
		b, err := s.r.ReadByte()
		if err != nil {
			return 0, err
		}
		switch b {
		case '\n':
			s.fresh = true
		case ' ', '\t', '\r':
		default:
			return b, s.r.UnreadByte()
		}
	}
}

// take consumes the next byte that is not a space, and returns errSyntax if it is not the one that is wanted.
func (s *scanner) take(want byte) error {
	b, err := s.next()
	switch {
	case err != nil:
		return err
	case b != want:
		return errSyntax
	}
	s.fresh = false
	_, err = s.r.Discard(1)
	return err
}

// object reads an object. member has to read the value of each key.
func (s *scanner) object(member func(key string) error) error {
	return s.list('{', '}', func() error {
		text, err := s.value()
		if err != nil {
			return err
		}
		var key string
		if json.Unmarshal(text, &key) != nil {
			return errSyntax
		}
		if err := s.take(':'); err != nil {
			return err
		}
		return member(key)
	})
}

// array reads an array. element has to read each element.
func (s *scanner) array(element func() error) error { return s.list('[', ']', element) }

func (s *scanner) list(open, end byte, item func() error) error {
	if err := s.take(open); err != nil {
		return err
	}
	for first := true; ; first = false {
		b, err := s.next()
		switch {
		case err != nil:
			return err
		case b == end:
			return s.take(end)
		case !first:
			if err := s.take(','); err != nil {
				return err
			}
		}
		if err := item(); err != nil {
			return err
		}
	}
}

// value reads a value and returns its text, nil if that is longer than MaxLine. The text is valid until the next call,
// and may not be JSON: value only finds its end.
func (s *scanner) value() ([]byte, error) {
	s.text = s.text[:0]
	first, err := s.next()
	if err != nil {
		return nil, err
	}
	s.fresh = false
	depth, quoted, escaped, long := 0, false, false, false
	for {
		b, err := s.r.ReadByte()
		if err != nil {
			return nil, err
		}
		switch {
		case quoted && b < ' ': // strings have no newlines: the line is cut off
			s.fresh = b == '\n'
			return nil, errSyntax
		case escaped:
			escaped = false
		case quoted:
			escaped, quoted = b == '\\', b != '"'
		case b == '"':
			quoted = true
		case b == '{' || b == '[':
			depth++
		case depth == 0 && (b == '}' || b == ']' || b == ',' || b <= ' '): // after a number, true, false or null
			if len(s.text) == 0 {
				return nil, errors.Join(errSyntax, s.r.UnreadByte())
			}
			return s.read(long), s.r.UnreadByte()
		case b == '}' || b == ']':
			depth--
		}
		if long = long || len(s.text) == MaxLine; !long {
			s.text = append(s.text, b)
		}
		if depth == 0 && !quoted && (first == '"' || first == '{' || first == '[') {
			return s.read(long), nil
		}
	}
}

func (s *scanner) read(long bool) []byte {
	if long {
		return nil
	}
	return s.text
}

// line reads the rest of a line, and returns it without the newline, nil if it is longer than MaxLine. The text is
// valid until the next call. At the end of the stream it returns what is left with io.EOF.
func (s *scanner) line() ([]byte, error) {
	s.text = s.text[:0]
	long := false
	for {
		part, err := s.r.ReadSlice('\n')
		if long = long || len(s.text)+len(part) > MaxLine+1; !long {
			s.text = append(s.text, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		s.fresh = err == nil
		return s.read(long), err
	}
}
