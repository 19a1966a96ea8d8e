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

// A Log is a results file: one line of JSON for the header and one for each result. A line that Append
// has written is not changed again. If the process is killed, these lines are kept; if the machine
// crashes, the last ones may be lost, as lines are not synced (no fsync).
type Log struct {
	file *os.File
	end  int64
}

// OpenLog opens or creates the file at path and returns its results. It truncates a partial last line,
// which a killed process leaves. A file with another header or with a damaged line is refused and stays
// unchanged; the error names the field or the line. Only one process may open the file; there is no lock.
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

// readLog returns the results and the offset at which the last complete line ends.
func readLog(r io.Reader, h Header) (results []Result, end int64, err error) {
	lines := map[Key]int{}
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			if n == 1 && !bytes.HasPrefix(h.line(), line) { // not a results file: leave it unchanged
				return nil, 0, errNoHeader
			}
			return results, end, nil
		}
		if err != nil {
			return nil, 0, err
		}
		end += int64(len(line))
		if n == 1 {
			if err := h.checkEqual(line); err != nil {
				return nil, 0, err
			}
			continue
		}
		result, err := parseRecord(line)
		if err != nil {
			return nil, 0, fmt.Errorf("line %d: %w", n, err)
		}
		if first := lines[result.Key()]; first != 0 {
			return nil, 0, fmt.Errorf("line %d: repeats line %d, problem %s with %s and seed %d: delete one of them",
				n, first, result.Problem, result.Arm, result.Seed)
		}
		lines[result.Key()] = n
		results = append(results, result)
	}
}

// Append writes a result. It is not safe for concurrent use.
func (l *Log) Append(r Result) error { return l.write(newRecord(r)) }

// write writes a line by one call, so that a killed process leaves at most one partial line.
func (l *Log) write(v any) error {
	line, err := json.Marshal(v)
	if err == nil {
		_, err = l.file.WriteAt(append(line, '\n'), l.end) // overwrites the part that a failed write left
	}
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	l.end += int64(len(line)) + 1
	return nil
}

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }

// ReadLog returns the header and the results of a file of any run. It ignores a partial last line. It returns
// an error if the file has another Format.
func ReadLog(path string) (Header, []Result, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return Header{}, nil, fmt.Errorf("results: %w", err)
	}
	first, _, _ := bytes.Cut(file, []byte("\n"))
	var h Header
	if err := json.Unmarshal(first, &h); err != nil || h.Format == 0 {
		return h, nil, fmt.Errorf("results %s: %w", path, errNoHeader)
	}
	if h.Format != format {
		return h, nil, fmt.Errorf("results %s: ponder_bench: must be %d, is %d: use the version of ponder that wrote "+
			"the file", path, format, h.Format)
	}
	results, _, err := readLog(bytes.NewReader(file), h)
	if err != nil {
		return h, nil, fmt.Errorf("results %s: %w", path, err)
	}
	return h, results, nil
}
