package modelserver

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Events yields the data of the server-sent events in r (WHATWG HTML, §9.2): the data
// lines of one event joined with newlines. It skips other fields and comments. It yields
// an event that the end of r cuts off, because some servers omit the last blank line. A
// read error is yielded last. The data is valid until the next iteration.
func Events(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		var event []byte
		open := false // event has a data line
		for line, err := range Lines(r) {
			switch {
			case err != nil:
				yield(nil, err)
				return
			case len(line) == 0:
				if open && !yield(event, nil) {
					return
				}
				event, open = event[:0], false
				continue
			}
			field, value, _ := bytes.Cut(line, []byte(":"))
			if string(field) != "data" {
				continue
			}
			if open {
				event = append(event, '\n')
			}
			event, open = append(event, bytes.TrimPrefix(value, []byte(" "))...), true
			if len(event) > MaxFrame {
				yield(nil, errTooLong)
				return
			}
		}
		if open {
			yield(event, nil)
		}
	}
}

// Lines yields the lines of r without their ends, which are \n, \r\n or \r.
func Lines(r io.Reader) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		s := bufio.NewScanner(r)
		s.Buffer(make([]byte, 0, 4<<10), MaxFrame)
		s.Split(scanLine)
		for s.Scan() {
			if !yield(s.Bytes(), nil) {
				return
			}
		}
		switch err := s.Err(); {
		case errors.Is(err, bufio.ErrTooLong):
			yield(nil, errTooLong)
		case err != nil:
			yield(nil, err)
		}
	}
}

var errTooLong = reasoning.Mark(fmt.Errorf("an event has more than %d bytes", MaxFrame), ErrResponse)

// scanLine is a bufio.SplitFunc for lines that end with \n, \r\n or \r.
func scanLine(data []byte, atEOF bool) (advance int, token []byte, err error) {
	i := bytes.IndexAny(data, "\r\n")
	switch {
	case i < 0 && atEOF && len(data) > 0:
		return len(data), data, nil
	case i < 0:
		return 0, nil, nil
	case data[i] == '\n':
		return i + 1, data[:i], nil
	case i+1 < len(data) && data[i+1] == '\n':
		return i + 2, data[:i], nil
	case i+1 == len(data) && !atEOF:
		return 0, nil, nil // \r: the \n may still come
	}
	return i + 1, data[:i], nil
}
