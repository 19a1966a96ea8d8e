package protocol

import (
	"fmt"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	queuev1 "github.com/ponder-mesh/ponder/internal/proto/ponder/queue/v1"
	"github.com/ponder-mesh/ponder/internal/rpcerr"
	"github.com/ponder-mesh/ponder/internal/wire"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policywire"
)

// HeaderPrevious is a header of the reply to a claim: traceparent of the attempt that
// claimed the job before.
const HeaderPrevious = "Ponder-Previous"

// A Result reports on an attempt at a job.
type Result struct {
	Job   string // its name
	Epoch string // of the message with which the attempt began; "" from workers of earlier releases
	Start policy.Start
	Event Event
}

// An Event is a Claim, Child, Failure or Stopped.
type Event interface{ event() }

// A Claim says that the attempt begins, and asks which children are missing.
type Claim struct{}

// A Child is a finished child.
type Child struct{ policy.Child }

// A Failure says that the job failed, and is not tried again.
type Failure struct{ Err error }

// Stopped is the final report of an attempt that was stopped.
type Stopped struct {
	Wasted reasoning.Usage // of children that were begun and are not finished
}

func (Claim) event()   {}
func (Child) event()   {}
func (Failure) event() {}
func (Stopped) event() {}

// Encode returns the body of a message with r.
func (r Result) Encode() ([]byte, error) {
	result := &queuev1.ExpansionResult{
		JobId:     r.Job,
		Epoch:     r.Epoch,
		Worker:    r.Start.Worker,
		Attempt:   int32(r.Start.Attempt),
		QueueWait: durationpb.New(r.Start.QueueWait),
	}
	switch e := r.Event.(type) {
	case Claim:
		result.Event = &queuev1.ExpansionResult_Claim{Claim: &queuev1.Claim{}}
	case Child:
		e.Start = r.Start
		result.Event = &queuev1.ExpansionResult_Child{Child: policywire.ChildToProto(e.Child)}
	case Failure:
		result.Event = &queuev1.ExpansionResult_Error{Error: rpcerr.ToProto(e.Err)}
	case Stopped:
		result.Event = &queuev1.ExpansionResult_Stopped{Stopped: &queuev1.Stopped{Wasted: wire.UsageToProto(e.Wasted)}}
	}
	body, err := proto.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("encode result of job %s: %w", r.Job, err)
	}
	return body, nil
}

// DecodeResult reads a result. The event is nil if this version has no such event. Beside
// an error that is due to a child, all fields are set.
func DecodeResult(body []byte) (Result, error) {
	var result queuev1.ExpansionResult
	if err := proto.Unmarshal(body, &result); err != nil {
		return Result{}, reasoning.Mark(fmt.Errorf("decode result: %w", err), reasoning.ErrInvalid)
	}
	r := Result{Job: result.GetJobId(), Epoch: result.GetEpoch(), Start: policy.Start{
		Worker: result.GetWorker(), Attempt: int(result.GetAttempt()), QueueWait: result.GetQueueWait().AsDuration(),
	}}
	var err error
	switch e := result.GetEvent().(type) {
	case *queuev1.ExpansionResult_Claim:
		r.Event = Claim{}
	case *queuev1.ExpansionResult_Child:
		var child policy.Child
		child, err = policywire.ChildFromProto(e.Child)
		r.Event = Child{child}
	case *queuev1.ExpansionResult_Error:
		r.Event = Failure{rpcerr.FromProto(e.Error)}
	case *queuev1.ExpansionResult_Stopped:
		wasted, err := wire.UsageFromProto(e.Stopped.GetWasted())
		if err != nil {
			wasted = reasoning.Usage{} // a bill never grows by what is no number of tokens
		}
		r.Event = Stopped{wasted}
	}
	return r, err
}

// EncodeReply returns the body of the reply to a result: the ordinals of the children
// that are missing, in order.
func EncodeReply(missing []int) []byte {
	reply := &queuev1.ResultReply{}
	for _, ordinal := range missing {
		reply.Missing = append(reply.Missing, int32(ordinal))
	}
	body, _ := proto.Marshal(reply) // numbers can always be marshalled
	return body
}

// DecodeReply reads a reply.
func DecodeReply(body []byte) (missing []int, err error) {
	var reply queuev1.ResultReply
	if err := proto.Unmarshal(body, &reply); err != nil {
		return nil, fmt.Errorf("reply to a result: %w", err)
	}
	for _, ordinal := range reply.GetMissing() {
		missing = append(missing, int(ordinal))
	}
	return missing, nil
}
