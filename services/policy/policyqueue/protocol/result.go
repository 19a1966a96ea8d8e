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

// A Result reports on an attempt at a job.
type Result struct {
	Job   string // name of the job
	Epoch string // of the job's message; "" from workers of earlier releases
	Start policy.Start
	Event Event           // nil: a heartbeat, or an event of a later release
	Spent reasoning.Usage // what the attempt has cost so far; zero from workers of earlier releases
}

// Encode returns the body of r's message.
func (r Result) Encode() ([]byte, error) {
	result := &queuev1.ExpansionResult{
		JobId:     r.Job,
		Epoch:     r.Epoch,
		Worker:    r.Start.Worker,
		Attempt:   int32(r.Start.Attempt),
		QueueWait: durationpb.New(r.Start.QueueWait),
	}
	if r.Spent != (reasoning.Usage{}) {
		result.Spent = wire.UsageToProto(r.Spent)
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
		stopped := &queuev1.Stopped{
			Wasted: wire.UsageToProto(e.Wasted.Total()), Waste: wire.WasteToProto(e.Wasted), Failed: e.Failed,
		}
		if e.Err != nil {
			stopped.Error = rpcerr.ToProto(e.Err)
		}
		result.Event = &queuev1.ExpansionResult_Stopped{Stopped: stopped}
	}
	body, err := proto.Marshal(result)
	if err != nil {
		return nil, fmt.Errorf("encode result of job %s: %w", r.Job, err)
	}
	return body, nil
}

// DecodeResult decodes the body of a result's message. If only its child is malformed, it
// returns the other fields with the error.
func DecodeResult(body []byte) (Result, error) {
	var result queuev1.ExpansionResult
	if err := proto.Unmarshal(body, &result); err != nil {
		return Result{}, reasoning.Mark(fmt.Errorf("decode result: %w", err), reasoning.ErrInvalid)
	}
	r := Result{Job: result.GetJobId(), Epoch: result.GetEpoch(), Start: policy.Start{
		Worker: result.GetWorker(), Attempt: int(result.GetAttempt()), QueueWait: result.GetQueueWait().AsDuration(),
	}}
	var err error
	if r.Spent, err = wire.UsageFromProto(result.GetSpent()); err != nil {
		r.Spent, err = reasoning.Usage{}, nil // bill nothing rather than a malformed usage
	}
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
		r.Event = stoppedFromProto(e.Stopped)
	}
	return r, err
}

// stoppedFromProto decodes a final report. What a worker of an earlier release wasted is taken as failed. A malformed
// amount is taken as nothing.
func stoppedFromProto(p *queuev1.Stopped) Stopped {
	s := Stopped{Failed: p.GetFailed()}
	if p.GetError() != nil {
		s.Err = rpcerr.FromProto(p.GetError())
	}
	if p.GetWaste() != nil {
		if wasted, err := wire.WasteFromProto(p.GetWaste()); err == nil {
			s.Wasted = wasted
		}
	} else if wasted, err := wire.UsageFromProto(p.GetWasted()); err == nil {
		s.Wasted = reasoning.Waste{Failed: wasted}
	}
	return s
}
