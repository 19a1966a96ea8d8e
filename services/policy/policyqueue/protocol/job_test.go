package protocol

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

func request() policy.Request {
	return policy.Request{
		Search: "s", Node: "3.1", Problem: "1+1=", Steps: []string{"1+1"}, Ordinals: []int{0, 2}, Span: policy.Whole, Seed: 7,
		Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: 100},
	}
}

func TestJobIsDecodedAsEncoded(t *testing.T) {
	enqueued := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	deadline := enqueued.Add(1500 * time.Millisecond)
	want := Job{Name: "name", Epoch: "epoch", Request: request(), Enqueued: enqueued, Deadline: deadline}
	msg, err := want.Encode("m/1")
	if err != nil {
		t.Fatal(err)
	}
	got, err := DecodeJob(msg)
	if diff := cmp.Diff(got, want); diff != "" || err != nil {
		t.Errorf("error %v, job (got before want):\n%s", err, diff)
	}
	header := []string{msg.Subject, msg.Header.Get("Nats-Msg-Id"), msg.Header.Get("Nats-TTL")}
	if diff := cmp.Diff(header, []string{"exp.m=2F1.s.2", "name/epoch", "2s"}); diff != "" {
		t.Errorf("subject, message id and time to live (got before want):\n%s", diff)
	}
	if !Enqueued(msg.Header, time.Time{}).Equal(want.Enqueued) || !Deadline(msg.Header, time.Time{}).Equal(want.Deadline) {
		t.Errorf("times in the header are %v, want those of %+v", msg.Header, want)
	}
}

func TestNameIsAHashOfTheRequest(t *testing.T) {
	names := make(map[string]int)
	for i, change := range []func(*policy.Request){
		func(*policy.Request) {},
		func(r *policy.Request) { r.OnStart = func(policy.Start) {} }, // not sent
		func(r *policy.Request) { r.Ordinals = []int{0, 1} },
		func(r *policy.Request) { r.Seed++ },
	} {
		r := request()
		change(&r)
		name, err := Name(r)
		if err != nil {
			t.Fatal(err)
		}
		if _, ok := names[name]; ok != (i == 1) {
			t.Errorf("request %d has the name %s, the name of another: %v, want %v", i, name, ok, i == 1)
		}
		names[name] = i
	}
}

func FuzzDecodeJob(f *testing.F) {
	msg, err := Job{Name: "job", Epoch: "epoch", Request: request()}.Encode("m")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(msg.Data)
	f.Fuzz(func(t *testing.T, data []byte) {
		job, err := DecodeJob(&nats.Msg{Data: data})
		if err == nil && job.Request.Validate() != nil {
			t.Errorf("decoded a request that is not valid: %v", job.Request.Validate())
		}
	})
}
