package bench

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
)

// A Log is a file of results: a line of JSON for the header and for each result. It only
// grows. A killed process loses no line that Append has returned from. Lines are not
// synced, so a crash of the machine may lose the last ones.
type Log struct {
	file *os.File
	end  int64
}

// OpenLog opens the file at path, or creates it, and returns the results that are in it. It
// removes a last line without its end, as a killed process leaves it. It refuses a file
// with another header or with a damaged line, and leaves it unchanged; the error names the
// field or the line. One process may have the file open at a time.
func OpenLog(path string, h Header) (*Log, []Result, error) {
	h.Format = format
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, nil, fmt.Errorf("results: %w", err)
	}
	l := &Log{file: file}
	var results []Result
	if results, l.end, err = readLog(file, h); err == nil {
		err = file.Truncate(l.end)
	}
	if err == nil && l.end == 0 {
		err = l.write(h)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("results %s: %w", path, errors.Join(err, file.Close()))
	}
	return l, results, nil
}

// readLog returns the results and where the last whole line ends.
func readLog(r io.Reader, h Header) (results []Result, end int64, err error) {
	lines := map[Key]int{}
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			if n == 1 && !bytes.HasPrefix(h.line(), line) { // some other file, which stays as it is
				return nil, 0, errNoHeader
			}
			return results, end, nil
		}
		if err != nil {
			return nil, 0, err
		}
		end += int64(len(line))
		if n == 1 {
			if err := h.differs(line); err != nil {
				return nil, 0, err
			}
			continue
		}
		result, err := parseRecord(line)
		if err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", n, err)
		}
		if first := lines[result.Key()]; first != 0 {
			return nil, 0, fmt.Errorf("line %d: problem %s with %s and seed %d is in line %d, too", n, result.Problem,
				result.Arm, result.Seed, first)
		}
		lines[result.Key()] = n
		results = append(results, result)
	}
}

// Append adds a result. It is not safe for concurrent use.
func (l *Log) Append(r Result) error { return l.write(newRecord(r)) }

// write adds a line in one piece, so that a kill leaves at most the last one incomplete.
func (l *Log) write(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = l.file.WriteAt(append(line, '\n'), l.end) // over what a failed write left
	}
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	l.end += int64(len(line)) + 1
	return nil
}

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

// ReadLog returns the header and the results of a file, whatever its header is. It ignores a
// last line without its end.
func ReadLog(path string) (Header, []Result, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return Header{}, nil, fmt.Errorf("results: %w", err)
	}
	first, _, _ := bytes.Cut(file, []byte("\n"))
	var h Header
	if err := json.Unmarshal(first, &h); err != nil || h.Format != format {
		return h, nil, fmt.Errorf("results %s: %w", path, errNoHeader)
	}
	results, _, err := readLog(bytes.NewReader(file), h)
	if err != nil {
		return h, nil, fmt.Errorf("results %s: %w", path, err)
	}
	return h, results, nil
}
