package bench

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/profile"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Header is the first line of a results file: everything that identifies the run. Results of runs with
// different headers are not comparable.
type Header struct {
	Format   int                  `json:"ponder_bench"` // of the file
	Planner  string               `json:"planner"`      // address of a remote planner; empty: in this process
	Policy   reasoning.Model      `json:"policy"`
	Verifier verifier.RewardModel `json:"verifier"` // without a name: none or unknown (remote planner)
	Problems profile.Problems     `json:"problems"`
	Seeds    []uint64             `json:"seeds"`
	Sampling reasoning.Sampling   `json:"sampling"`
	Profiles string               `json:"profiles,omitempty"` // digest; empty: none or unknown (remote planner)
	Command  []string             `json:"command,omitempty"`  // that began the file; the results do not depend on it
	Run      string               `json:"run"`                // digest of the fields above that results depend on; last
}

const (
	format         = 2 // of the files that this package writes
	unsealedFormat = 1 // of files whose lines have no sums, unless format 2 added them
)

// ProblemsOf returns the identity of a problem set: its name, size and digest.
func ProblemsOf(name string, set []problemset.Problem) profile.Problems {
	h := sha256.New()
	for _, p := range set {
		fmt.Fprintf(h, "%q %q %q\n", p.ID, p.Text, p.Answer)
	}
	return profile.Problems{Set: name, Count: len(set), SHA256: fmt.Sprintf("%x", h.Sum(nil))}
}

// identified returns h with its Format and its Run.
func (h Header) identified() (Header, error) {
	h.Format = format
	var err error
	h.Run, err = runOf(h.json())
	return h, err
}

// json returns h as JSON.
func (h Header) json() []byte {
	object, err := json.Marshal(h)
	if err != nil {
		panic(err) // only a NaN temperature fails to marshal, and request validation rejects it
	}
	return object
}

// checkEqual returns an error that names the first field, alphabetically, in which the header of a file
// differs from h.
func (h Header) checkEqual(file []byte) error {
	want, err := flat(h.json())
	if err != nil {
		return err
	}
	got, err := flat(file)
	if err != nil {
		return err
	}
	fields := slices.Concat(slices.Collect(maps.Keys(want)), slices.Collect(maps.Keys(got)))
	fields = slices.DeleteFunc(fields, func(f string) bool { return slices.Contains(apart, f) })
	slices.Sort(fields)
	for _, field := range fields {
		if got[field] != want[field] {
			return fmt.Errorf("%s: the file has %s, this run has %s: choose another --out, or the file's setting",
				field, cmp.Or(got[field], "none"), cmp.Or(want[field], "none"))
		}
	}
	return nil
}

// flat returns the values of a JSON object by dotted name. It leaves out empty values: older files
// contain empty fields, and newer files omit them.
func flat(object []byte) (map[string]string, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(object, &fields); err != nil {
		return nil, err
	}
	values := map[string]string{}
	for name, value := range fields {
		if !bytes.HasPrefix(value, []byte("{")) {
			if text := string(value); text != `""` && text != "0" {
				values[name] = text
			}
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
