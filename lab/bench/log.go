package bench

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/ponder-mesh/ponder/internal/filelock"
)

// A Log is a results file: one line of JSON for the header and one for each result. A line that Append
// has written is not changed again. If the process is killed, these lines are kept; if the machine
// crashes, the last ones may be lost, as lines are not synced (no fsync). Each line has a sum, by which
// a damaged line is found.
type Log struct {
	file *os.File
	end  int64
	run  string // digest of the header
}

// OpenLog opens or creates the file at path and returns what it holds. It truncates a partial last line,
// which a killed process leaves. A file with another header or with a line that is damaged or of another run
// is refused and stays unchanged; the error names the field or the line. The file can be open as one Log at a
// time, in all processes; only Unix checks this.
func OpenLog(path string, h Header) (*Log, Contents, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, Contents{}, fmt.Errorf("results: %w", err)
	}
	l := &Log{file: file}
	c, err := l.open(h)
	if err != nil {
		return nil, Contents{}, fmt.Errorf("results %s: %w", path, errors.Join(err, file.Close()))
	}
	return l, c, nil
}

// open reads the file of a run with header h, and prepares it for Append.
func (l *Log) open(h Header) (Contents, error) {
	h, err := h.identified()
	if err != nil {
		return Contents{}, err
	}
	l.run = h.Run
	switch locked, err := filelock.Lock(l.file); {
	case err != nil:
		return Contents{}, fmt.Errorf("lock: %w", err)
	case !locked:
		return Contents{}, errors.New("another process writes them: stop it, or use another file")
	}
	first, err := seal(h)
	if err != nil {
		return Contents{}, err
	}
	c, err := readLog(l.file)
	if err != nil {
		return c, err
	}
	if c.end > 0 {
		if err := h.checkEqual(c.header); err != nil {
			return c, err
		}
	} else if err := l.checkPartial(c, first); err != nil { // not a results file: leave it unchanged
		return c, err
	}
	l.end = c.end
	if err := l.file.Truncate(l.end); err != nil {
		return c, err
	}
	if l.end == 0 {
		c.Header = h
		err = l.write(first)
	}
	return c, err
}

// checkPartial returns an error if a file without a whole line is not the beginning of the header.
func (l *Log) checkPartial(c Contents, header []byte) error {
	text := make([]byte, c.Incomplete)
	if _, err := l.file.ReadAt(text, 0); err != nil && err != io.EOF {
		return err
	}
	if !bytes.HasPrefix(header, text) {
		return errNoHeader
	}
	return nil
}

// Append writes a result. It is not safe for concurrent use.
func (l *Log) Append(r Result) error {
	line, err := seal(newRecord(r, l.run))
	if err != nil {
		return fmt.Errorf("write results: %w", err)
	}
	return l.write(line)
}

// write writes a line by one call, so that a killed process leaves at most one partial line.
func (l *Log) write(line []byte) error {
	if _, err := l.file.WriteAt(line, l.end); err != nil { // a next write overwrites the part that this one left
		return fmt.Errorf("write results: %w", err)
	}
	l.end += int64(len(line))
	return nil
}

// Close closes the file.
func (l *Log) Close() error { return l.file.Close() }
