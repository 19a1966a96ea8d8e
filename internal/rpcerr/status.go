package rpcerr

import (
	"encoding/base64"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/internal/wire"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
)

// ToStatus returns err as a status error with google.rpc details; nil stays nil. An error
// that already carries a status and has no kind, such as one of authentication, keeps that
// status. ToStatus cuts a message at maxMessage bytes, or earlier, with the field and the
// rule, where the status would exceed maxHeaders.
func ToStatus(err error) error {
	if err == nil {
		return nil
	}
	m, reason := lookup(err)
	if s, ok := status.FromError(err); ok && reason == unclassified {
		return s.Err()
	}
	limit := maxMessage
	s := encode(err, m, reason, limit)
	for headerBytes(s) > maxHeaders {
		limit /= 2
		s = encode(err, m, reason, limit)
	}
	return s.Err()
}

// encode returns the status of err with texts of at most limit bytes.
func encode(err error, m mapping, reason string, limit int) *status.Status {
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: reason, Domain: Domain}}
	var invalid *reasoning.InvalidError
	if errors.As(err, &invalid) {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: cut(invalid.Field, limit), Description: cut(invalid.Rule, limit)},
		}})
	}
	if delay := m.delay(err, reason); delay > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(delay)})
	}
	if _, waste, unknown := wire.CostToProto(reasoning.CostOf(err)); waste != nil || unknown != nil {
		details = append(details, &reasoningv1.Error{Waste: waste, Unknown: unknown})
	}
	s := status.New(m.code, cut(err.Error(), limit))
	if detailed, err := s.WithDetails(details...); err == nil { // cannot fail: cut makes details valid UTF-8
		s = detailed
	}
	return s
}

// FromStatus decodes the result of ToStatus: the error that it returns has the message of the
// status, and errors.Is and errors.As find in it the sentinel that reasoning.Classify returns
// for the argument of ToStatus, and its InvalidError; reasoning.Delay returns its delay, and
// reasoning.CostOf its cost.
// FromStatus returns an error without a status, and a status of a code that no kind has,
// unchanged.
func FromStatus(err error) error {
	s, ok := status.FromError(err)
	if !ok || s.Code() == codes.OK {
		return err
	}
	reason, field, rule := "", "", ""
	var delay time.Duration
	var cost *reasoningv1.Error
	for _, d := range s.Details() {
		switch d := d.(type) {
		case *errdetails.ErrorInfo:
			if d.Domain == Domain {
				reason = d.Reason
			}
		case *errdetails.BadRequest:
			if v := d.FieldViolations; len(v) > 0 {
				field, rule = v[0].Field, v[0].Description
			}
		case *errdetails.RetryInfo:
			delay = d.GetRetryDelay().AsDuration()
		case *reasoningv1.Error:
			cost = d
		}
	}
	domain := withDelay(domainError(s.Code(), reason, field, rule), s.Code(), delay)
	switch {
	case domain != nil:
		err = &remoteError{message: s.Message(), domain: domain}
	case reason == unclassified:
		err = &remoteError{message: s.Message(), domain: err}
	}
	return withCost(err, cost.GetWaste(), cost.GetUnknown())
}

const (
	maxMessage = 2048 // bytes of an error's message, before escaping
	// maxHeaders limits the encoded status to the 8 KiB of headers that gRPC peers accept by
	// default, less 1 KiB for the other trailers.
	maxHeaders = 7 << 10
)

// headerBytes returns how many bytes of headers carry s: the message percent-encoded, and
// the whole status, which contains the message again, in base64.
func headerBytes(s *status.Status) int {
	n := base64.RawStdEncoding.EncodedLen(proto.Size(s.Proto()))
	for _, b := range []byte(s.Message()) {
		if n++; b < ' ' || b > '~' || b == '%' {
			n += 2
		}
	}
	return n
}

// cut returns s as valid UTF-8 of at most limit bytes.
func cut(s string, limit int) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	end := limit - len("…")
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + "…"
}
