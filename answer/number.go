package answer

import (
	"math/big"
	"regexp"
)

// plain matches a number with an optional sign: an integer, a decimal, a fraction of
// integers (a/b or \frac), or a mixed number (1\frac45, 1 4/5).
var plain = regexp.MustCompile(`^([-+]?)(?:` +
	`([0-9]*\.[0-9]+|[0-9]+\.?)` + // 2: integer or decimal
	`|([-+]?[0-9]+)/([-+]?[0-9]+)` + // 3, 4: a/b
	`|([0-9]*)\\frac(?:([0-9])|\{([-+]?[0-9]+)\})(?:([0-9])|\{([-+]?[0-9]+)\})` + // 5: whole, 6|7: a, 8|9: b
	`|([0-9]+) ([0-9]+)/([0-9]+)` + // 10: whole, 11: a, 12: b
	`)$`)

// maxDigits is the longest number, in bytes, that is computed exactly.
const maxDigits = 100

// rational parses s, in normal form, as an exact number.
func rational(s string) (*big.Rat, bool) {
	if len(s) > maxDigits {
		return nil, false
	}
	m := plain.FindStringSubmatch(s)
	if m == nil {
		return nil, false
	}
	whole, num, den := "0", "0", "1"
	switch {
	case m[2] != "":
		num = m[2]
	case m[3] != "":
		num, den = m[3], m[4]
	case m[10] != "":
		whole, num, den = m[10], m[11], m[12]
	default:
		num, den = m[6]+m[7], m[8]+m[9]
		if m[5] != "" {
			whole = m[5]
		}
	}
	w, ok1 := new(big.Rat).SetString(whole)
	n, ok2 := new(big.Rat).SetString(num)
	d, ok3 := new(big.Rat).SetString(den)
	if !ok1 || !ok2 || !ok3 || d.Sign() == 0 {
		return nil, false
	}
	r := w.Add(w, n.Quo(n, d))
	if m[1] == "-" {
		r.Neg(r)
	}
	return r, true
}
