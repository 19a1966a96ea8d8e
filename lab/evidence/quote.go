package evidence

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/table"
)

// ErrStale reports that a figure in a document differs from the evidence.
var ErrStale = errors.New("a figure differs from the evidence: run the same command with fill instead of check")

// Fill copies figures from the evidence files in dir into documents, in place. In
//
//	<!-- evidence:NAME:KEY -->…<!-- /evidence -->
//
// it replaces the text between the markers by the value at KEY in the results of NAME.json. KEY is a path of
// object keys and array indices, separated by dots: beam.4.accuracy. Strings and numbers are copied as they
// are, a [stats.Interval] is formatted by Percent, a [table.Table] as a Markdown table on lines of its own.
// Fill joins the errors of all documents; a document with an error stays unchanged.
func Fill(dir string, docs ...string) error {
	return quote(dir, docs, func(path string, _, filled []byte) error { return replaceFile(path, filled) })
}

// Check returns an ErrStale for each document that Fill would change, and changes none.
func Check(dir string, docs ...string) error {
	return quote(dir, docs, func(path string, old, filled []byte) error {
		line := 1 + bytes.Count(old[:firstDifference(old, filled)], []byte("\n"))
		return fmt.Errorf("%s:%d: %w", path, line, ErrStale)
	})
}

// quote calls changed with each document that filling changes, and joins the errors.
func quote(dir string, docs []string, changed func(path string, old, filled []byte) error) error {
	var errs []error
	for _, path := range docs {
		old, err := os.ReadFile(path)
		if err != nil {
			errs = append(errs, fmt.Errorf("quote: %w", err))
			continue
		}
		filled, err := fill(old, dir)
		if err != nil {
			errs = append(errs, fmt.Errorf("%s:%w", path, err))
		} else if !bytes.Equal(old, filled) {
			errs = append(errs, changed(path, old, filled))
		}
	}
	return errors.Join(errs...)
}

// firstDifference returns the index of the first byte in which a and b differ.
func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	return min(len(a), len(b))
}

var marker = regexp.MustCompile(`<!-- evidence:([a-z0-9-]+):([^ ]+) -->|<!-- /evidence -->`)

// fill returns doc with all quotations filled. Errors begin with the line number.
func fill(doc []byte, dir string) ([]byte, error) {
	var out []byte
	marks := marker.FindAllSubmatchIndex(doc, -1)
	copied := 0
	for i := 0; i < len(marks); i += 2 {
		open := marks[i]
		line := 1 + bytes.Count(doc[:open[0]], []byte("\n"))
		if open[2] < 0 {
			return nil, fmt.Errorf("%d: <!-- /evidence --> has no opening marker", line)
		}
		if i+1 == len(marks) || marks[i+1][2] >= 0 {
			return nil, fmt.Errorf("%d: %s is not closed: add <!-- /evidence -->", line, doc[open[0]:open[1]])
		}
		e, err := Read(filepath.Join(dir, string(doc[open[2]:open[3]])+".json"))
		if err != nil {
			return nil, fmt.Errorf("%d: %w", line, err)
		}
		text, err := e.text(string(doc[open[4]:open[5]]))
		if err != nil {
			return nil, fmt.Errorf("%d: %w", line, err)
		}
		out = append(append(out, doc[copied:open[1]]...), text...)
		copied = marks[i+1][0]
	}
	return append(out, doc[copied:]...), nil
}

// text returns the value at key in the form of a document.
func (e Record) text(key string) (string, error) {
	v := e.Results
	for name := range strings.SplitSeq(key, ".") {
		ok := false
		switch at := v.(type) {
		case map[string]any:
			v, ok = at[name]
		case []any:
			var i int
			if i, ok = index(name, len(at)); ok {
				v = at[i]
			}
		}
		if !ok {
			return "", fmt.Errorf("evidence %s: no %q in key %q", e.Name, name, key)
		}
	}
	var text string
	switch v := v.(type) {
	case string:
		text = v
	case json.Number:
		return v.String(), nil
	case map[string]any:
		var t table.Table
		var interval stats.Interval
		switch {
		case v["mean"] != nil && as(v, &interval):
			return interval.Percent(), nil
		case as(v, &t) && len(t.Header) > 0:
			var b strings.Builder
			if err := t.WriteMarkdown(&b); err != nil {
				return "", err
			}
			text = b.String()
		}
	}
	switch {
	case text == "":
		return "", fmt.Errorf("evidence %s: %q is not a string, a number, an interval or a table", e.Name, key)
	case marker.MatchString(text):
		return "", fmt.Errorf("evidence %s: %q holds an evidence marker", e.Name, key)
	case strings.Contains(text, "\n"):
		text = "\n\n" + strings.Trim(text, "\n") + "\n\n"
	}
	return text, nil
}

// index parses an index of an array of this length; ok is false for other strings.
func index(s string, length int) (i int, ok bool) {
	i, err := strconv.Atoi(s)
	return i, err == nil && 0 <= i && i < length
}

// as converts a decoded JSON object to the struct that dst points to. It returns false if
// the object has fields that the struct does not have.
func as(v map[string]any, dst any) bool {
	b, err := json.Marshal(v)
	if err != nil {
		return false
	}
	dec := json.NewDecoder(bytes.NewReader(b))
	dec.DisallowUnknownFields()
	return dec.Decode(dst) == nil
}
