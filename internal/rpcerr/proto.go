package rpcerr

import (
	"errors"
	"strings"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/internal/wire"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
)

// ToProto encodes err for a response message, on a stream that a status would end. It cuts
// a message at maxMessage bytes.
func ToProto(err error) *reasoningv1.Error {
	m, reason := lookup(err)
	p := &reasoningv1.Error{Code: int32(m.code), Reason: reason, Message: cut(err.Error(), maxMessage)}
	if s, ok := status.FromError(err); ok && reason == unclassified {
		p.Code, p.Reason, p.Message = int32(s.Code()), "", cut(s.Message(), maxMessage)
	}
	if delay := m.delay(err, reason); delay > 0 {
		p.RetryDelay = durationpb.New(delay)
	}
	_, p.Waste, p.Unknown = wire.CostToProto(reasoning.CostOf(err))
	var invalid *reasoning.InvalidError
	if errors.As(err, &invalid) {
		p.Field = cut(invalid.Field, maxMessage)
	}
	return p
}

// FromProto decodes the result of ToProto. The rule of an InvalidError is the text after the
// first "field: " of the message, as the proto does not carry the rule by itself.
func FromProto(p *reasoningv1.Error) error {
	_, rule, _ := strings.Cut(p.GetMessage(), p.GetField()+": ")
	code := codes.Code(p.GetCode())
	domain := withDelay(domainError(code, p.GetReason(), p.GetField(), rule), code, p.GetRetryDelay().AsDuration())
	if domain == nil {
		domain = status.Error(codes.Code(p.GetCode()), p.GetMessage())
	}
	return withCost(&remoteError{message: p.GetMessage(), domain: domain}, p.GetWaste(), p.GetUnknown())
}

// withCost returns a received error with the cost that its sender reports. It drops a malformed cost: the error counts
// more.
func withCost(err error, waste *reasoningv1.Waste, unknown *reasoningv1.Usage) error {
	cost, malformed := wire.WastedFromProto(waste, unknown)
	if malformed != nil {
		return err
	}
	return reasoning.WithCost(err, cost)
}
