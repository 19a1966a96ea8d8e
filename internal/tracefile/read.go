package tracefile

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// MaxLine is the length of the longest span that is parsed, in bytes: one with events of 4096 children has a megabyte
// without their texts.
const MaxLine = 16 << 20

// A Tally counts what files have.
type Tally struct {
	Files   int `json:"files"`
	Spans   int `json:"spans"`
	Foreign int `json:"foreign"` // lines, and spans of OTLP, that are not spans; they are skipped
	// Cut reports that the end of a file is incomplete, as in one that is still written.
	// It is skipped and not Foreign.
	Cut bool `json:"cut"`
}

// ErrCompressed is the error of a file that has to be decompressed first.
var ErrCompressed = errors.New("is compressed: decompress it first")

// Read calls each with every span of r, in the order of the file, in which a span follows the spans below it, as it
// ended after them. r has spans as lines of JSON, as requests of OTLP in JSON, or both; see package tracefile. Read
// holds one span at a time, and returns ErrCompressed and errors of r.
func Read(r io.Reader, each func(*Span)) (Tally, error) {
	tally := Tally{Files: 1}
	s := newScanner(r)
	for first := true; ; first = false {
		head, err := s.r.Peek(256)
		if err != nil && !errors.Is(err, io.EOF) {
			return tally, err
		}
		if first && (bytes.HasPrefix(head, []byte("\x1f\x8b")) || bytes.HasPrefix(head, []byte("\x28\xb5\x2f\xfd"))) {
			return tally, ErrCompressed
		}
		if isOTLP(head) {
			if err = s.request(&tally, each); errors.Is(err, errSyntax) {
				tally.Foreign++
				if err = nil; !s.fresh {
					_, err = s.line()
				}
			}
			tally.Cut = errors.Is(err, io.EOF)
		} else {
			var line []byte
			line, err = s.line()
			switch span, ok := parse(line); {
			case ok:
				tally.Spans++
				each(span)
			case err != nil:
				tally.Cut = len(line) > 0
			case line == nil || len(bytes.TrimSpace(line)) > 0:
				tally.Foreign++
			}
		}
		if errors.Is(err, io.EOF) {
			return tally, nil
		} else if err != nil {
			return tally, err
		}
	}
}

func parse(line []byte) (*Span, bool) {
	var s Span
	if json.Unmarshal(line, &s) != nil {
		return nil, false
	}
	return &s, s.valid()
}

// valid reports whether s has all that a span must have.
func (s *Span) valid() bool {
	return s.Trace != "" && s.ID != "" && s.Name != "" && len(s.Trace) <= maxText && len(s.ID) <= maxText &&
		len(s.Parent) <= maxText && s.Start > 0 && s.End > 0
}
