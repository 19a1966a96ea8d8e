package tracefile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// MaxLine is the longest line that is looked at, in bytes.
const MaxLine = 1 << 20

// A Tally says what a file had in it.
type Tally struct {
	Spans   int  `json:"spans"`
	Foreign int  `json:"foreign"` // lines that are no span, skipped
	Cut     bool `json:"cut"`     // the last line is not whole, as in a file still written to; it is skipped and not Foreign
}

// Read calls each with every span of r, in the file's order: a span comes after the
// spans below it, as it ended after them. It holds one line at a time. The error is
// r's own.
func Read(r io.Reader, each func(*Span)) (Tally, error) {
	var tally Tally
	lines := bufio.NewReaderSize(r, 64<<10)
	var line []byte
	for {
		part, err := lines.ReadSlice('\n')
		if len(line) <= MaxLine {
			line = append(line, part...)
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return tally, err
		}
		switch span, ok := parse(line); {
		case ok:
			tally.Spans++
			each(span)
		case err != nil:
			tally.Cut = len(line) > 0
		case len(bytes.TrimSpace(line)) > 0:
			tally.Foreign++
		}
		if err != nil {
			return tally, nil
		}
		line = line[:0]
	}
}

func parse(line []byte) (*Span, bool) {
	var s Span
	if len(line) > MaxLine || json.Unmarshal(line, &s) != nil {
		return nil, false
	}
	return &s, s.Trace != "" && s.ID != "" && s.Name != "" && s.Start > 0 && s.End > 0
}
