package protocol

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

func TestResultIsDecodedAsEncoded(t *testing.T) {
	start := policy.Start{Worker: "w", Attempt: 2, QueueWait: time.Second}
	child := policy.Child{
		Ordinal: 3, Steps: []reasoning.Step{{Text: "2", Tokens: 1}}, Finish: reasoning.FinishEnd,
		Usage: reasoning.Usage{Generated: 1}, Generate: time.Second, Start: start,
	}
	for _, event := range []Event{
		Claim{}, Child{child}, Stopped{Wasted: reasoning.Waste{Lost: reasoning.Usage{Generated: 9}}, Failed: true}, nil,
	} {
		want := Result{Job: "job", Epoch: "epoch", Start: start, Event: event, Spent: reasoning.Usage{Generated: 5}}
		body, err := want.Encode()
		if err != nil {
			t.Fatal(err)
		}
		got, err := DecodeResult(body)
		if diff := cmp.Diff(got, want); diff != "" || err != nil {
			t.Errorf("error %v, result (got before want):\n%s", err, diff)
		}
	}
}

func TestFailureKeepsItsKind(t *testing.T) {
	body, err := Result{Job: "job", Event: Failure{policy.ErrModel}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeResult(body)
	if failure, ok := got.Event.(Failure); err != nil || !ok || !errors.Is(failure.Err, policy.ErrModel) {
		t.Errorf("got %+v and error %v, want a failure with ErrModel", got, err)
	}
	body, err = Result{Job: "job", Event: Stopped{Err: reasoning.ErrOverloaded}}.Encode()
	if err != nil {
		t.Fatal(err)
	}
	got, err = DecodeResult(body)
	if stopped, ok := got.Event.(Stopped); err != nil || !ok || stopped.Failed || !errors.Is(stopped.Err, reasoning.ErrOverloaded) {
		t.Errorf("got %+v and error %v, want an attempt that was throttled and does not count", got, err)
	}
}

// A result with a malformed child still names its job, so that the client can fail the job.
func TestMalformedChildNamesItsJob(t *testing.T) {
	body, err := Result{Job: "job", Event: Child{}}.Encode() // a child without steps
	if err != nil {
		t.Fatal(err)
	}
	if got, err := DecodeResult(body); err == nil || got.Job != "job" {
		t.Errorf("got %+v and error %v, want the job's name and an error", got, err)
	}
	if got, err := DecodeResult([]byte{0xff}); err == nil || got.Job != "" {
		t.Errorf("got %+v and error %v, want an error and no job", got, err)
	}
}
