package backend

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/ponder-mesh/ponder/internal/filelock"
)

// A File is a Store in a file that only grows: a line of JSON for each Item. Items survive the
// process. They are not synced to disk, so that a crash of the machine may lose the last of
// them. A file can be open as one File at a time, in all processes; only Unix checks this.
//
// If a write fails, because the disk is full for example, Put returns this error from then on;
// Get still works.
type File struct {
	file *os.File

	mu     sync.Mutex
	end    int64
	lines  map[string]extent // latest of each key
	failed error             // of the first write that failed
}

// OpenFile opens the file at path, or creates it. It returns an error if the file is open
// already, or if it was not written by a File. It removes an incomplete last line, which
// a killed process leaves and whose Put had not returned. For any other damage it returns an
// error that names the line. After an error the file is unchanged.
func OpenFile(path string) (*File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	s := &File{file: file}
	if err := s.open(); err != nil {
		return nil, fmt.Errorf("store %s: %w", path, errors.Join(err, file.Close()))
	}
	return s, nil
}

// open locks the file, finds its lines, and truncates it after the last whole one.
func (s *File) open() error {
	switch locked, err := filelock.Lock(s.file); {
	case err != nil:
		return fmt.Errorf("lock: %w", err)
	case !locked:
		return errors.New("it is open already, in this process or another: stop that process, or use another file")
	}
	var err error
	if s.lines, s.end, err = readLines(s.file); err != nil {
		return err
	}
	if s.end > 0 {
		return s.file.Truncate(s.end)
	}
	if _, err := s.file.WriteAt([]byte(header), 0); err != nil {
		return err
	}
	s.end = int64(len(header))
	return nil
}

// Get implements Store.
func (s *File) Get(_ context.Context, key string) ([]byte, bool, error) {
	s.mu.Lock()
	at, ok := s.lines[key]
	s.mu.Unlock()
	if !ok {
		return nil, false, nil
	}
	text := make([]byte, at.size)
	if _, err := s.file.ReadAt(text, at.start); err != nil {
		return nil, false, fmt.Errorf("read store: %w", err)
	}
	l, err := parseLine(text)
	if err == nil && l.Key != key {
		err = errors.New("the line has another key")
	}
	if err != nil {
		return nil, false, fmt.Errorf("read store: byte %d is corrupt: %w", at.start, err)
	}
	return l.Value, true, nil
}

// Put implements Store. It writes all items at once.
func (s *File) Put(_ context.Context, items ...Item) error {
	var text []byte
	var ends []int // of the items' lines in text
	for _, i := range items {
		var err error
		if text, err = appendLine(text, i); err != nil {
			return fmt.Errorf("write store: %w", err)
		}
		ends = append(ends, len(text))
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return s.failed
	}
	if _, err := s.file.WriteAt(text, s.end); err != nil {
		s.failed = fmt.Errorf("write store: %w", err)
		_ = s.file.Truncate(s.end) // if that fails, too, OpenFile removes the rest
		return s.failed
	}
	start := 0
	for i, end := range ends {
		s.lines[items[i].Key] = extent{s.end + int64(start), end - start}
		start = end
	}
	s.end += int64(len(text))
	return nil
}

// Close closes the file, so that others can open it.
func (s *File) Close() error { return s.file.Close() }
