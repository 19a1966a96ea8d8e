package tracefile

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// MaxLine is the longest line that is parsed, in bytes: that of a span with events of 4096 children has a megabyte
// without their texts.
const MaxLine = 16 << 20

// A Tally counts the lines of a file.
type Tally struct {
	Spans   int `json:"spans"`
	Foreign int `json:"foreign"` // lines that are not spans; they are skipped
	// Cut reports that the last line is incomplete, as in a file that is still written.
	// The line is skipped and not Foreign.
	Cut bool `json:"cut"`
}

// Read calls each with every span of r, in the order of the file, in which a span follows the
// spans below it, as it ended after them. Read holds one line at a time, and returns only
// errors of r.
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
