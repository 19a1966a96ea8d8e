package problemset

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
)

// isCSV reports whether a file that begins with first is no file of JSON objects, but may be one of CSV.
func isCSV(first []byte) bool {
	first = bytes.TrimLeft(bytes.TrimPrefix(first, []byte("\xef\xbb\xbf")), " \t\r\n")
	line, _, _ := bytes.Cut(first, []byte("\n"))
	return len(first) > 0 && first[0] != '{' && bytes.ContainsAny(line, ",;\t") && bytes.Contains(bytes.ToLower(line), []byte("answer"))
}

// readCSV reads a problem set in CSV: the first row names the fields of a format. The separator is a comma, a
// semicolon or a tab, whichever the first row has.
func readCSV(r io.Reader, format Format) ([]Problem, error) {
	data, err := io.ReadAll(r)
	if err != nil {
		return nil, err
	}
	data = bytes.TrimPrefix(data, []byte("\xef\xbb\xbf"))
	header, _, _ := bytes.Cut(data, []byte("\n"))
	rows := csv.NewReader(bytes.NewReader(data))
	for _, separator := range ",;\t" {
		if bytes.ContainsRune(header, separator) {
			rows.Comma = separator
			break
		}
	}
	var names []string
	var set []Problem
	for n := 1; ; n++ {
		row, err := rows.Read()
		switch {
		case errors.Is(err, io.EOF):
			return set, nil
		case err != nil:
			return nil, err // names the line
		case n == 1:
			for _, name := range row {
				names = append(names, strings.ToLower(strings.TrimSpace(name)))
			}
			if !slices.Contains(names, "answer") {
				return nil, fmt.Errorf("row 1: must name the fields, such as problem and answer, has %q", row)
			}
			continue
		}
		object := map[string]string{}
		for i, cell := range row {
			if cell != "" {
				object[names[i]] = cell
			}
		}
		line, err := json.Marshal(object)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", n, err)
		}
		p, err := format(line)
		if err != nil {
			return nil, fmt.Errorf("row %d: %w", n, err)
		}
		if p.ID == "" {
			p.ID = strconv.Itoa(n - 1)
		}
		set = append(set, p)
	}
}
