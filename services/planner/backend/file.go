package backend

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"os"
	"sync"
)

// A File is a Store in a file that only grows: a line of JSON for each Put. What was
// put survives the end of the process; it is not synced to disk, so the machine's end
// may cost the last lines. One process may have it open at a time.
type File struct {
	mu    sync.Mutex
	file  *os.File
	end   int64
	lines map[string]extent // latest of each key
}

type extent struct {
	start int64
	size  int
}

// line is a line of the file.
type line struct {
	Key   string  `json:"key"`
	Value []byte  `json:"value"` // base64, as encoding/json does it
	Sum   *uint32 `json:"sum"`   // CRC-32 (IEEE) of key and value; lines of other files have none
}

func (l line) sum() uint32 { return crc32.ChecksumIEEE(append([]byte(l.Key), l.Value...)) }

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

// OpenFile opens the file at path, or creates it. It removes an incomplete last line, which
// a killed process leaves and whose Put has not returned. Any other damage is an error that
// names the line; the file is then left as it is.
func OpenFile(path string) (*File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	lines, end, err := readLines(file)
	if err == nil {
		err = file.Truncate(end)
	}
	if err != nil {
		return nil, fmt.Errorf("store %s: %w", path, errors.Join(err, file.Close()))
	}
	return &File{file: file, end: end, lines: lines}, nil
}

// readLines finds the latest line of each key and the end of the last whole line.
func readLines(r io.Reader) (lines map[string]extent, end int64, err error) {
	lines = map[string]extent{}
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		text, err := in.ReadBytes('\n')
		if err == io.EOF {
			return lines, end, nil
		}
		if err != nil {
			return nil, 0, err
		}
		l, err := parseLine(text)
		if err != nil {
			return nil, 0, fmt.Errorf("line %d is corrupt: %w", n, err)
		}
		lines[l.Key] = extent{end, len(text)}
		end += int64(len(text))
	}
}

// Get implements Store.
func (s *File) Get(key string) ([]byte, bool, error) {
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
		err = errors.New("another key is there")
	}
	if err != nil {
		return nil, false, fmt.Errorf("read store: byte %d is corrupt: %w", at.start, err)
	}
	return l.Value, true, nil
}

// Put implements Store.
func (s *File) Put(key string, value []byte) error {
	l := line{Key: key, Value: value}
	sum := l.sum()
	l.Sum = &sum
	text, err := json.Marshal(l)
	if err != nil {
		return fmt.Errorf("write store: %w", err)
	}
	text = append(text, '\n')
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, err := s.file.WriteAt(text, s.end); err != nil {
		return fmt.Errorf("write store: %w", err) // the next Put writes over what was written of this one
	}
	s.lines[key] = extent{s.end, len(text)}
	s.end += int64(len(text))
	return nil
}

// Close closes the file.
func (s *File) Close() error { return s.file.Close() }
