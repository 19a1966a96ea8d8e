package bench

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"maps"
	"slices"
)

// A line of a results file is a JSON object that ends with two members: run, the digest of the header, and sum, the
// CRC-32 (IEEE) of the line's bytes before sum, in hexadecimal digits. A CRC-32 detects every error in up to 32
// consecutive bits. Lines of older files have neither.
const (
	sumBegin = `,"sum":"`
	sumEnd   = `"}`
	sumSize  = len(sumBegin) + 8 + len(sumEnd)
)

// seal returns a value, whose JSON ends with its run, as a line with a newline.
func seal(v any) ([]byte, error) {
	object, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	text := object[:len(object)-1]
	return fmt.Appendf(text, "%s%s%s\n", sumBegin, sumOf(text), sumEnd), nil
}

// unseal returns the JSON object of a line without its sum, and whether the line has a sum. It returns an error if the
// sum is wrong.
func unseal(line []byte) (object []byte, sealed bool, err error) {
	line = bytes.TrimSuffix(line, []byte("\n"))
	at := len(line) - sumSize
	if at < 0 || !bytes.HasPrefix(line[at:], []byte(sumBegin)) || !bytes.HasSuffix(line, []byte(sumEnd)) {
		return line, false, nil
	}
	text, sum := line[:at], string(line[at+len(sumBegin):len(line)-len(sumEnd)])
	if want := sumOf(text); sum != want {
		return nil, true, fmt.Errorf("is damaged: its sum is %q, its text has %q", sum, want)
	}
	return append(slices.Clone(text), '}'), true, nil
}

// sumOf returns the sum of the bytes before it.
func sumOf(text []byte) string { return fmt.Sprintf("%08x", crc32.ChecksumIEEE(text)) }

var errNoSum = errors.New("has no sum, or a damaged one")

// runOf returns the digest of a header: of what the results depend on, so not of the command and of the format.
func runOf(header []byte) (string, error) {
	values, err := flat(header)
	if err != nil {
		return "", err
	}
	maps.DeleteFunc(values, func(field, _ string) bool { return slices.Contains(apart, field) })
	h := sha256.New()
	for _, field := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(h, "%q %q\n", field, values[field])
	}
	return fmt.Sprintf("%.8x", h.Sum(nil)), nil
}

// apart has the fields of a header that results do not depend on.
var apart = []string{"ponder_bench", "command", "run", "sum"}
