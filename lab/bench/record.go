package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
)

// A record is a Result as a line of a results file, with the arm as text.
type record struct {
	Problem string `json:"problem"`
	Steps   int    `json:"steps,omitempty"`
	Level   string `json:"level,omitempty"`
	Arm     string `json:"arm"`
	Plan    string `json:"plan,omitempty"`
	N       int    `json:"n"`
	Seed    uint64 `json:"seed"`
	Outcome
	Run string `json:"run,omitempty"` // digest of the header; last
}

func newRecord(r Result, run string) record {
	return record{r.Problem, r.Steps, r.Level, r.Arm.Name(), r.Plan, r.Arm.N, r.Seed, r.Outcome, run}
}

// parseRecord returns the Result of a line without its sum, and its run.
func parseRecord(object []byte) (_ Result, run string, err error) {
	var r record
	in := json.NewDecoder(bytes.NewReader(object))
	in.DisallowUnknownFields()
	if err := in.Decode(&r); err != nil {
		return Result{}, "", err
	}
	if _, err := in.Token(); err != io.EOF {
		return Result{}, "", errors.New("not a result: text follows it")
	}
	if r.Problem == "" || r.Arm == "" {
		return Result{}, "", errors.New("not a result: problem or arm is empty")
	}
	arm, err := ParseArm(r.Arm, r.N)
	if err != nil {
		return Result{}, "", err
	}
	return Result{Problem: r.Problem, Steps: r.Steps, Level: r.Level, Arm: arm, Seed: r.Seed, Plan: r.Plan,
		Outcome: r.Outcome}, r.Run, nil
}
