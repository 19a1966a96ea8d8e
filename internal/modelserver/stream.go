package modelserver

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"iter"
	"strings"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A Stream is the body of a response, to be read as it arrives.
type Stream struct {
	io.ReadCloser

	mediaType string // "" if the server names none
	client    *Client
}

// Events yields the data of the server-sent events in at most limit bytes. A server that
// ignores the request for events sends one JSON document: Events yields it whole. A last
// ErrResponse is yielded for an HTML page and for a response of more bytes.
func (s *Stream) Events(limit int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r, first := s.open(limit)
		switch {
		case s.mediaType == "text/html", first == '<':
			yield(nil, s.client.htmlError())
		case first == '{':
			if document, err := io.ReadAll(r); err != nil {
				yield(nil, err)
			} else {
				yield(document, nil)
			}
		default:
			Events(r)(yield)
		}
	}
}

// Lines yields the lines in at most limit bytes. It ends as Events does.
func (s *Stream) Lines(limit int64) iter.Seq2[[]byte, error] {
	return func(yield func([]byte, error) bool) {
		r, first := s.open(limit)
		if s.mediaType == "text/html" || first == '<' {
			yield(nil, s.client.htmlError())
			return
		}
		Lines(r)(yield)
	}
}

// open returns a reader of at most limit bytes after leading white space, and its first
// byte, 0 if there is none.
func (s *Stream) open(limit int64) (r *bufio.Reader, first byte) {
	r = bufio.NewReader(&limited{reader: s.ReadCloser, limit: limit})
	for {
		next, err := r.Peek(1)
		switch {
		case err != nil:
			return r, 0 // r returns the error again
		case strings.IndexByte(" \t\r\n", next[0]) < 0:
			return r, next[0]
		}
		r.Discard(1)
	}
}

// A limited reads at most limit bytes from a reader, and then fails, where an
// io.LimitedReader pretends that the response has ended.
type limited struct {
	reader      io.Reader
	read, limit int64
}

func (l *limited) Read(p []byte) (int, error) {
	if l.read > l.limit {
		return 0, reasoning.Mark(fmt.Errorf("the response has more than %d bytes", l.limit), ErrResponse)
	}
	n, err := l.reader.Read(p)
	l.read += int64(n)
	return n, err
}

// isHTML reports whether a response is a page for a browser, such as that of a proxy.
func isHTML(contentType string, body []byte) bool {
	return strings.HasPrefix(contentType, "text/html") || bytes.HasPrefix(bytes.TrimSpace(body), []byte("<"))
}

// htmlError returns the error of a response that is an HTML page.
func (c *Client) htmlError() error {
	const text = "got an HTML page instead of a response of the API, perhaps of a proxy or a login (%s)"
	return reasoning.Mark(fmt.Errorf(text, prefixed("check ", c.names.URL)), ErrResponse)
}

// Malformed returns the ErrResponse of data that cannot be parsed because of err.
func Malformed(data []byte, err error) error {
	if word := notJSON(data); word != "" {
		return reasoning.Mark(fmt.Errorf("has the number %s, which JSON does not have: "+
			"the model's weights or its precision on the server are broken: %.200q", word, data), ErrResponse)
	}
	return reasoning.Mark(fmt.Errorf("cannot be parsed: %w: %.200q", err, data), ErrResponse)
}

// IsNotJSON reports whether data has a number that JSON does not have.
func IsNotJSON(data []byte) bool { return notJSON(data) != "" }

// notJSON returns the name of a number outside of strings in data that is not finite, as
// Python's encoder writes it, or "".
func notJSON(data []byte) string {
	quoted := false
	for i := 0; i < len(data); i++ {
		switch {
		case quoted && data[i] == '\\':
			i++
		case data[i] == '"':
			quoted = !quoted
		case quoted:
		default:
			for _, word := range []string{"NaN", "Infinity"} {
				if bytes.HasPrefix(data[i:], []byte(word)) {
					return word
				}
			}
		}
	}
	return ""
}
