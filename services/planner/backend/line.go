package backend

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
)

// header is the first line of a File. Files of older versions have none.
const header = `{"format":"ponder-store","version":1}` + "\n"

// line is any other line of a File.
type line struct {
	Key   string  `json:"key"`
	Value []byte  `json:"value"` // base64, as encoding/json does it
	Sum   *uint32 `json:"sum"`   // CRC-32 (IEEE) of key and value; lines of other files have none
}

// sum returns the checksum that the line must have.
func (l line) sum() uint32 { return crc32.ChecksumIEEE(append([]byte(l.Key), l.Value...)) }

// appendLine appends the line of an item to text.
func appendLine(text []byte, i Item) ([]byte, error) {
	l := line{Key: i.Key, Value: i.Value}
	sum := l.sum()
	l.Sum = &sum
	written, err := json.Marshal(l)
	return append(append(text, written...), '\n'), err
}

// parseLine parses a line. It returns an error if the line is damaged.
func parseLine(text []byte) (line, error) {
	var l line
	if err := json.Unmarshal(text, &l); err != nil {
		return line{}, err
	}
	if l.Sum == nil || *l.Sum != l.sum() {
		return line{}, errors.New("checksum is wrong")
	}
	return l, nil
}

// extent is the place of a line in its file.
type extent struct {
	start int64
	size  int
}

// errNoStore is the error of a file that was not written by a File.
var errNoStore = errors.New("it is not a store of results: use another file, or move this one away")

// readLines finds the latest line of each key, and the end of the last whole line. It returns
// errNoStore if the file has bytes and no whole line, unless they are the beginning of a header.
func readLines(r io.Reader) (lines map[string]extent, end int64, err error) {
	lines = map[string]extent{}
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		text, err := in.ReadBytes('\n')
		switch {
		case err == io.EOF && n == 1 && !isPrefix(text, header):
			return nil, 0, errNoStore
		case err == io.EOF:
			return lines, end, nil
		case err != nil:
			return nil, 0, err
		}
		if n > 1 || string(text) != header {
			l, err := parseLine(text)
			switch {
			case err != nil && n == 1:
				return nil, 0, fmt.Errorf("line 1 is corrupt (%w), or %w", err, errNoStore)
			case err != nil:
				return nil, 0, fmt.Errorf("line %d is corrupt: %w", n, err)
			}
			lines[l.Key] = extent{end, len(text)}
		}
		end += int64(len(text))
	}
}

// isPrefix reports whether text is the beginning of whole.
func isPrefix(text []byte, whole string) bool {
	return len(text) <= len(whole) && string(text) == whole[:len(text)]
}
