package bench

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ponder-mesh/ponder/lab/problemset"
)

// A Header is the first line of a file of results: all that results depend on and
// that they do not say themselves. Results under another header are not comparable.
type Header struct {
	Format   int      `json:"ponder_bench"` // of the file: 1
	Planner  string   `json:"planner"`      // its address, which says nothing of its models; empty: in the bench's process
	Policy   Model    `json:"policy"`
	Verifier Model    `json:"verifier"`
	Problems Problems `json:"problems"`
	Seeds    []uint64 `json:"seeds"`
	Sampling Sampling `json:"sampling"`
	Profiles string   `json:"profiles,omitempty"` // a digest of what plans follow; empty: none, or the planner's at its address
	Command  []string `json:"command,omitempty"`  // that began the file; results do not depend on it
}

// format of the files that this package writes.
const format = 1

// A Model is who wrote or judged; without a name, nobody or nobody known.
type Model struct {
	Name       string `json:"name"`
	Version    string `json:"version"`
	Tokenizer  string `json:"tokenizer"`
	Template   string `json:"template"`
	Parameters int64  `json:"parameters"`
	Aggregator string `json:"aggregator,omitempty"`
}

// Sampling is how the policy draws tokens.
type Sampling struct {
	Temperature float64 `json:"temperature"`
	TopP        float64 `json:"top_p"`
	MaxTokens   int     `json:"max_tokens"`
}

// Problems is which problems were posed.
type Problems struct {
	Set    string `json:"set"` // what people call it
	Count  int    `json:"count"`
	SHA256 string `json:"sha256"` // of ids, texts and answers
}

// ProblemsOf is the identity of a set.
func ProblemsOf(name string, set []problemset.Problem) Problems {
	h := sha256.New()
	for _, p := range set {
		fmt.Fprintf(h, "%q %q %q\n", p.ID, p.Text, p.Answer)
	}
	return Problems{Set: name, Count: len(set), SHA256: fmt.Sprintf("%x", h.Sum(nil))}
}

// line is h in JSON.
func (h Header) line() []byte {
	line, err := json.Marshal(h)
	if err != nil {
		panic(err) // of a temperature that is no number, which no request may have
	}
	return line
}

var errNoHeader = errors.New("line 1 is not the header of results")

// differs names the first field, in the order of names, in which the header of a file
// is not this one.
func (h Header) differs(file []byte) error {
	want, err := flat(h.line())
	if err != nil {
		return err
	}
	got, err := flat(file)
	if err != nil || got["ponder_bench"] == "" {
		return errNoHeader
	}
	fields := slices.Concat(slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))
	fields = slices.DeleteFunc(fields, func(f string) bool { return f == "command" })
	slices.Sort(fields)
	for _, field := range fields {
		if got[field] != want[field] {
			return fmt.Errorf("%s: it has %s, this run %s", field, cmp.Or(got[field], "none"), cmp.Or(want[field], "none"))
		}
	}
	return nil
}

// flat is a JSON object's values by dotted names.
func flat(object []byte) (map[string]string, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	values := map[string]string{}
	for name, value := range fields {
		if !bytes.HasPrefix(value, []byte("{")) {
			values[name] = string(value)
			continue
		}
		inner, err := flat(value)
		if err != nil {
			return nil, err
		}
		for below, v := range inner {
			values[name+"."+below] = v
		}
	}
	return values, nil
}
