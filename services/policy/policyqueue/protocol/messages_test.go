package protocol

import (
	"encoding/hex"
	"flag"
	"fmt"
	"math"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"google.golang.org/protobuf/proto"

	queuev1 "github.com/ponder-mesh/ponder/internal/proto/ponder/queue/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

var update = flag.Bool("update", false, "write testdata/messages.txt")

// Messages are encoded as testdata/messages.txt has them, and decoded from it, so that
// clients and workers of different releases understand each other. If a message of testdata
// has to change, and not by a new field alone, raise Version.
func TestMessagesAreThoseOfOtherReleases(t *testing.T) {
	const golden = "testdata/messages.txt"
	start := policy.Start{Worker: "w", Attempt: 2, QueueWait: time.Second}
	child := policy.Child{
		Ordinal: 2, Steps: []reasoning.Step{{Text: "=2", Tokens: 2}}, Finish: reasoning.FinishEnd,
		Usage: reasoning.Usage{Generated: 2, Prompt: 5}, Generate: time.Second, Start: start,
	}
	revised := request()
	revised.Attempts, revised.Stop = []string{"A:5\n"}, "#\n"
	enqueued := time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	deadline := enqueued.Add(time.Minute)
	values := []struct {
		name   string
		value  any
		decode func([]byte) (any, error)
	}{
		{"job", Job{Name: "name", Epoch: "epoch", Request: request(), Enqueued: enqueued}, decodeJob},
		{"job with attempts", Job{Name: "name", Epoch: "epoch", Request: revised, Enqueued: enqueued, Deadline: deadline}, decodeJob},
		{"claim", Result{Job: "name", Epoch: "epoch", Start: start, Event: Claim{}}, decodeResult},
		{"child", Result{Job: "name", Epoch: "epoch", Start: start, Event: Child{child}}, decodeResult},
		{"stopped", Result{Job: "name", Epoch: "epoch", Start: start, Event: Stopped{Wasted: reasoning.Waste{
			Cancelled: reasoning.Usage{Generated: 9}, Failed: reasoning.Usage{Generated: 2, Prompt: 5},
		}}}, decodeResult},
		{"claim without epoch", Result{Job: "name", Epoch: "", Start: start, Event: Claim{}}, decodeResult},
		{"heartbeat", Result{Job: "name", Epoch: "epoch", Start: start, Spent: reasoning.Usage{Generated: 7, Prompt: 5}}, decodeResult},
		{"job of a client that counts", Job{Name: "name", Epoch: "epoch", Request: request(), Enqueued: enqueued, MaxAttempts: 4}, decodeJob},
		{"failed", Result{Job: "name", Epoch: "epoch", Start: start, Event: Stopped{Failed: true}}, decodeResult},
		{"reply", []int{0, 2}, func(b []byte) (any, error) { return DecodeReply(b) }},
	}
	want := make(map[string]string)
	if data, err := os.ReadFile(golden); err == nil {
		for line := range strings.Lines(string(data)) {
			name, bytes, _ := strings.Cut(strings.TrimSpace(line), ": ")
			want[name] = bytes
		}
	}
	var written strings.Builder
	for _, v := range values {
		body, err := encode(v.value)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&written, "%s: %x\n", v.name, body)
		if *update {
			continue
		}
		if got := hex.EncodeToString(body); got != want[v.name] {
			t.Errorf("%s is encoded as\n%s, want\n%s", v.name, got, want[v.name])
		}
		old, err := hex.DecodeString(want[v.name])
		if err != nil {
			t.Fatal(err)
		}
		if got, err := v.decode(old); err != nil || !cmp.Equal(got, v.value) {
			t.Errorf("%s is decoded with error %v (got before want):\n%s", v.name, err, cmp.Diff(got, v.value))
		}
	}
	if *update {
		if err := os.WriteFile(golden, []byte(written.String()), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// What a worker of an earlier release has wasted has no cause on the wire: it is taken as failed. A malformed report
// wastes nothing.
func TestFinalReportOfEarlierRelease(t *testing.T) {
	for report, want := range map[*queuev1.Stopped]reasoning.Waste{
		{Wasted: &reasoningv1.Usage{GeneratedTokens: 9}}: {Failed: reasoning.Usage{Generated: 9}},
		{Wasted: &reasoningv1.Usage{GeneratedTokens: 9}, Waste: &reasoningv1.Waste{
			Lost: &reasoningv1.Usage{GeneratedTokens: 9},
		}}: {Lost: reasoning.Usage{Generated: 9}},
		{Wasted: &reasoningv1.Usage{GeneratedTokens: -9}}:                                          {},
		{Waste: &reasoningv1.Waste{Failed: &reasoningv1.Usage{Flops: math.NaN()}}}:                 {},
		{Waste: &reasoningv1.Waste{Failed: &reasoningv1.Usage{PromptTokens: 1, CachedTokens: -1}}}: {},
	} {
		body, err := proto.Marshal(&queuev1.ExpansionResult{JobId: "j", Event: &queuev1.ExpansionResult_Stopped{Stopped: report}})
		if err != nil {
			t.Fatal(err)
		}
		if got, err := DecodeResult(body); err != nil || got.Event != (Stopped{Wasted: want}) {
			t.Errorf("%v: got %+v and error %v, want %+v", report, got.Event, err, want)
		}
	}
}

func encode(value any) ([]byte, error) {
	switch v := value.(type) {
	case Job:
		msg, err := v.Encode("m")
		if err != nil {
			return nil, err
		}
		return msg.Data, nil
	case Result:
		return v.Encode()
	}
	return EncodeReply(value.([]int)), nil
}

func decodeJob(body []byte) (any, error)    { return DecodeJob(&nats.Msg{Data: body}) }
func decodeResult(body []byte) (any, error) { return DecodeResult(body) }
