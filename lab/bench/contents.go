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

// Contents is what a results file holds.
type Contents struct {
	Header     Header
	Results    []Result
	Unchecked  int // results of an older version of ponder, whose lines have no sums
	Incomplete int // bytes after the last whole line: part of a result that is lost

	header []byte // as JSON, as it is in the file
	end    int64  // of the last whole line
}

// Warnings returns a sentence for each reason why a file may not hold what was written to it.
func (c Contents) Warnings() (all []string) {
	if c.Unchecked > 0 {
		all = append(all, fmt.Sprintf("%d of %d results are unchecked: an older version of ponder wrote them, without sums",
			c.Unchecked, len(c.Results)))
	}
	if c.Incomplete > 0 {
		all = append(all, fmt.Sprintf("the last line is incomplete, as after a crash: its %d bytes are no result", c.Incomplete))
	}
	return all
}

// ReadLog returns what the file of any run holds. It returns an error if the file has another Format, or a line that is
// damaged or of another run; the error names the line.
func ReadLog(path string) (Contents, error) {
	file, err := os.ReadFile(path)
	if err != nil {
		return Contents{}, fmt.Errorf("results: %w", err)
	}
	c, err := readLog(bytes.NewReader(file))
	if err == nil && c.end == 0 {
		err = errNoHeader
	}
	if err != nil {
		return Contents{}, fmt.Errorf("results %s: %w", path, err)
	}
	return c, nil
}

// readLog reads a file. It returns no header if the file has no whole line.
func readLog(r io.Reader) (c Contents, err error) {
	lines, run := map[Key]int{}, ""
	in := bufio.NewReader(r)
	for n := 1; ; n++ {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			c.Incomplete = len(line)
			return c, nil
		}
		if err != nil {
			return Contents{}, err
		}
		if n == 1 {
			if run, err = c.setHeader(line); err != nil {
				return Contents{}, err
			}
		} else if err := c.add(line, run, n, lines); err != nil {
			return Contents{}, fmt.Errorf("line %d: %w", n, err)
		}
		c.end += int64(len(line))
	}
}

// setHeader sets the header by the first line, and returns its digest.
func (c *Contents) setHeader(line []byte) (run string, err error) {
	object, sealed, err := unseal(line)
	if err != nil {
		return "", fmt.Errorf("line 1, the header, %w: restore the file", err)
	}
	h := &c.Header
	if err := json.Unmarshal(object, h); err != nil || h.Format == 0 {
		return "", errNoHeader
	}
	if h.Format < unsealedFormat || h.Format > format {
		return "", fmt.Errorf("ponder_bench: must be %d or %d, is %d: use the version of ponder that wrote the file",
			unsealedFormat, format, h.Format)
	}
	c.header = object
	if run, err = runOf(object); err != nil {
		return "", errNoHeader
	}
	switch {
	case !sealed && h.Format != unsealedFormat:
		return "", fmt.Errorf("line 1, the header, %w: restore the file", errNoSum)
	case sealed && h.Run != run:
		return "", fmt.Errorf("line 1, the header, is damaged: its run is %q, its fields have %q: restore the file", h.Run, run)
	}
	return run, nil
}

// add adds the result of line n, whose header has the digest run. lines has the lines of the results before.
func (c *Contents) add(line []byte, run string, n int, lines map[Key]int) error {
	const remedy = "delete the line, and resume the run to repeat its search, or restore the file"
	object, sealed, err := unseal(line)
	if err == nil && !sealed && c.Header.Format != unsealedFormat {
		err = errNoSum
	}
	if err != nil {
		return fmt.Errorf("%w: %s", err, remedy)
	}
	result, of, err := parseRecord(object)
	switch {
	case err != nil:
		return fmt.Errorf("%w: %s", err, remedy)
	case !sealed && of != "":
		return fmt.Errorf("%w: %s", errNoSum, remedy)
	case sealed && of != run:
		return fmt.Errorf("is of run %q, the file is of run %q, with other models, problems or settings: delete the line", of, run)
	case !sealed:
		c.Unchecked++
	}
	if first := lines[result.Key()]; first != 0 {
		return fmt.Errorf("repeats line %d, problem %s with %s and seed %d: delete one of them",
			first, result.Problem, result.Arm, result.Seed)
	}
	lines[result.Key()] = n
	c.Results = append(c.Results, result)
	return nil
}

var errNoHeader = errors.New("line 1 is not the header of a results file: choose another file, or a new one")
