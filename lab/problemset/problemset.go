// Package problemset reads problem sets: the files of MATH-500, GSM8K and AIME, own ones in JSON lines or CSV, and
// generated pocket problems.
package problemset

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/ponder-mesh/ponder/answer"
)

// A Problem is one question with its reference answer.
type Problem struct {
	ID       string // from the set; the line number if the set has none
	Text     string
	Answer   string      // the reference answer, in the set's notation
	Solution string      // the worked solution; may be empty
	Steps    int         // number of calculations; 0 if the set does not say
	Level    string      // of difficulty, as the set names it; may be empty
	Subject  string      // may be empty
	Kind     answer.Kind // of answer
}

// maxLine is the limit of a line, in bytes.
const maxLine = 1 << 20

// Read reads a problem set of one JSON object per line, or a CSV file whose first line names the fields. It skips
// empty lines. An error names the line, or the row of a CSV file.
func Read(r io.Reader, format Format) ([]Problem, error) {
	in := bufio.NewReader(r)
	if first, _ := in.Peek(64); isCSV(first) {
		return readCSV(in, format)
	}
	var set []Problem
	lines := bufio.NewScanner(in)
	lines.Buffer(nil, maxLine)
	n := 0
	for lines.Scan() {
		n++
		if len(lines.Bytes()) == 0 {
			continue
		}
		p, err := format(lines.Bytes())
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if p.ID == "" {
			p.ID = strconv.Itoa(n)
		}
		set = append(set, p)
	}
	if err := lines.Err(); err != nil {
		return nil, fmt.Errorf("line %d: %w", n+1, err)
	}
	return set, nil
}

// Load reads the problem set in a file. A set without problems is an error.
func Load(path string, format Format) ([]Problem, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("problem set: %w", err)
	}
	defer f.Close()
	set, err := Read(f, format)
	if err == nil && len(set) == 0 {
		err = errors.New("the file has no problems: pass another file")
	}
	if err != nil {
		return nil, fmt.Errorf("problem set %s: %w", path, err)
	}
	return set, nil
}
