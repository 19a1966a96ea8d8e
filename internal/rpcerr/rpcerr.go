// Package rpcerr holds the one table that turns the domain's errors into gRPC
// statuses and back, and the interceptors that apply it.
//
// A status carries its error's whole message, also where the code is INTERNAL: the
// mesh is one trust domain, and whoever debugs it should not need two logs. A
// gateway to the outside decides what it shows. The reason, in UPPER_SNAKE_CASE, is
// stable and tells apart what codes do not; clients in other languages match on it.
package rpcerr

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/ponder-mesh/ponder/internal/wire"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Domain of every ErrorInfo.
const Domain = "ponder"

// A row says what one error of the domain is on the wire.
type row struct {
	err    error
	code   codes.Code
	reason string
	retry  time.Duration // RetryInfo, if not 0
	native bool          // a status of this code without a reason, from gRPC or a stranger, means it too
}

// The table. The first row that an error is, by errors.Is, is its row; an error
// that has none is INTERNAL. To add an error, add a row.
var table = []row{
	{err: context.Canceled, code: codes.Canceled, reason: "CANCELLED", native: true},
	{err: context.DeadlineExceeded, code: codes.DeadlineExceeded, reason: "DEADLINE_EXCEEDED", native: true},
	{err: reasoning.ErrInvalid, code: codes.InvalidArgument, reason: "INVALID_ARGUMENT", native: true},
	{err: policy.ErrModel, code: codes.FailedPrecondition, reason: "MODEL_NOT_SERVED"},
	{err: policy.ErrPoison, code: codes.Internal, reason: "JOB_GIVEN_UP"},
	{err: verifier.ErrMisjudged, code: codes.Internal, reason: "MISJUDGED"},
	{err: planner.ErrNotFound, code: codes.NotFound, reason: "SEARCH_NOT_FOUND"},
	{err: planner.ErrExists, code: codes.AlreadyExists, reason: "IDEMPOTENCY_KEY_IN_USE"},
	{err: planner.ErrNoVerifier, code: codes.FailedPrecondition, reason: "NO_VERIFIER"},
	{err: planner.ErrNoAnswer, code: codes.NotFound, reason: "NO_ANSWER"},
	{err: planner.ErrCancelled, code: codes.Canceled, reason: "CANCELLED_BY_CLIENT"},
	{err: planner.ErrClosed, code: codes.Unavailable, reason: "PLANNER_STOPPING"},
	{err: search.ErrSpent, code: codes.ResourceExhausted, reason: "BUDGET_SPENT"},
	{err: wire.ErrMalformed, code: codes.Internal, reason: "MALFORMED_ANSWER"},
	{err: reasoning.ErrOverloaded, code: codes.ResourceExhausted, reason: "OVERLOADED", retry: 2 * time.Second, native: true},
	{err: reasoning.ErrUnavailable, code: codes.Unavailable, reason: "UNAVAILABLE", retry: time.Second, native: true},
}

// internal is the row of all other errors.
var internal = row{code: codes.Internal, reason: "INTERNAL"}

// ToStatus is err as a status error with google.rpc details; nil stays nil. An
// error that has a status and no row, such as one of authentication, keeps it.
func ToStatus(err error) error {
	if err == nil {
		return nil
	}
	r := rowOf(err)
	if r.err == nil {
		if s, ok := status.FromError(err); ok {
			return s.Err()
		}
	}
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: r.reason, Domain: Domain}}
	var invalid *reasoning.InvalidError
	if errors.As(err, &invalid) {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: text(invalid.Field), Description: text(invalid.Rule)},
		}})
	}
	if r.retry > 0 {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(r.retry)})
	}
	s := status.New(r.code, text(err.Error()))
	if detailed, err := s.WithDetails(details...); err == nil { // else a detail cannot be marshalled: text sees to it
		s = detailed
	}
	return s.Err()
}

// FromStatus is the inverse of ToStatus: its result is, by errors.Is and
// errors.As, what went in, with the same message. What carries no status, and a
// status that means nothing here, stays as it is.
func FromStatus(err error) error {
	s, ok := status.FromError(err)
	if !ok || s.Code() == codes.OK {
		return err
	}
	reason, field, rule := "", "", ""
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
		}
	}
	if domain := domainError(s.Code(), reason, field, rule); domain != nil {
		return &remoteError{message: s.Message(), domain: domain}
	}
	return err
}

// ToProto is err as a message inside a stream that goes on.
func ToProto(err error) *reasoningv1.Error {
	r := rowOf(err)
	p := &reasoningv1.Error{Code: int32(r.code), Reason: r.reason, Message: text(err.Error())}
	if s, ok := status.FromError(err); ok && r.err == nil {
		p.Code, p.Reason, p.Message = int32(s.Code()), "", text(s.Message())
	}
	var invalid *reasoning.InvalidError
	if errors.As(err, &invalid) {
		p.Field = text(invalid.Field)
	}
	return p
}

// FromProto is the inverse of ToProto.
func FromProto(p *reasoningv1.Error) error {
	_, rule, _ := strings.Cut(p.GetMessage(), p.GetField()+": ")
	domain := domainError(codes.Code(p.GetCode()), p.GetReason(), p.GetField(), rule)
	if domain == nil {
		domain = status.Error(codes.Code(p.GetCode()), p.GetMessage())
	}
	return &remoteError{message: p.GetMessage(), domain: domain}
}

func rowOf(err error) row {
	for _, r := range table {
		if errors.Is(err, r.err) {
			return r
		}
	}
	return internal
}

// domainError is the error that a reason or, without one, a code names; nil if
// there is none.
func domainError(code codes.Code, reason, field, rule string) error {
	for _, r := range table {
		if reason != r.reason && (reason != "" || !r.native || code != r.code) {
			continue
		}
		if r.err == reasoning.ErrInvalid && field != "" {
			return &reasoning.InvalidError{Field: field, Rule: rule}
		}
		return r.err
	}
	return nil
}

// A remoteError is an error that came over the wire: its message is the sender's,
// and it is what the table says.
type remoteError struct {
	message string
	domain  error
}

func (e *remoteError) Error() string { return e.message }
func (e *remoteError) Unwrap() error { return e.domain }

// maxMessage keeps a status within the headers that peers accept: 8 KiB, where
// it is twice, once with its details.
const maxMessage = 2048

// text is s as a message may carry it: valid UTF-8 and not too long.
func text(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= maxMessage {
		return s
	}
	cut := maxMessage - len("…")
	for !utf8.RuneStart(s[cut]) {
		cut--
	}
	return s[:cut] + "…"
}
