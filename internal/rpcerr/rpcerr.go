// Package rpcerr turns the domain's errors into gRPC statuses and back.
//
// One table gives each kind of error its code. The reason, which tells errors of one
// kind apart, travels in an ErrorInfo; clients in other languages match on it. What
// goes in comes out: errors.Is and errors.As find in the result of FromStatus what
// they find in the argument of ToStatus. A service declares its errors beside its
// interface, by reasoning.NewError; nothing is to be added here.
//
// A status carries the whole message of its error, also where the code is INTERNAL:
// the mesh is one trust domain, and debugging it should not need two logs. A gateway
// to the outside decides what it shows.
package rpcerr

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"

	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
)

// Domain is the domain of every ErrorInfo.
const Domain = "ponder"

// A row is the gRPC form of one kind of error.
type row struct {
	kind    reasoning.Kind
	code    codes.Code
	general error         // what gRPC and foreign servers mean by the code, without a reason; nil: unknown
	retry   time.Duration // how soon general is worth a retry; 0: no hint
}

// table has one row for each kind; the first is that of errors without a kind.
var table = []row{
	{kind: reasoning.KindInternal, code: codes.Internal},
	{kind: reasoning.KindCancelled, code: codes.Canceled, general: context.Canceled},
	{kind: reasoning.KindDeadline, code: codes.DeadlineExceeded, general: context.DeadlineExceeded},
	{kind: reasoning.KindInvalid, code: codes.InvalidArgument, general: reasoning.ErrInvalid},
	{kind: reasoning.KindPrecondition, code: codes.FailedPrecondition},
	{kind: reasoning.KindNotFound, code: codes.NotFound},
	{kind: reasoning.KindExists, code: codes.AlreadyExists},
	{reasoning.KindExhausted, codes.ResourceExhausted, reasoning.ErrOverloaded, 2 * time.Second},
	{reasoning.KindUnavailable, codes.Unavailable, reasoning.ErrUnavailable, time.Second},
}

// reason returns the reason of r.general, "" if there is none.
func (r row) reason() string {
	if r.general == nil {
		return ""
	}
	return reasoning.Classify(r.general).Reason()
}

// unclassified is the reason of errors without a kind.
const unclassified = "INTERNAL"

// lookup returns the row of an error and its reason.
func lookup(err error) (row, string) {
	e := reasoning.Classify(err)
	if e == nil {
		return table[0], unclassified
	}
	i := slices.IndexFunc(table, func(r row) bool { return r.kind == e.Kind() })
	return table[i], e.Reason()
}

// ToStatus returns err as a status error with google.rpc details; nil stays nil. An
// error that has a status and no kind, such as one of authentication, keeps it.
func ToStatus(err error) error {
	if err == nil {
		return nil
	}
	r, reason := lookup(err)
	if s, ok := status.FromError(err); ok && reason == unclassified {
		return s.Err()
	}
	details := []protoadapt.MessageV1{&errdetails.ErrorInfo{Reason: reason, Domain: Domain}}
	var invalid *reasoning.InvalidError
	if errors.As(err, &invalid) {
		details = append(details, &errdetails.BadRequest{FieldViolations: []*errdetails.BadRequest_FieldViolation{
			{Field: text(invalid.Field), Description: text(invalid.Rule)},
		}})
	}
	if r.retry > 0 && reason == r.reason() {
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(r.retry)})
	}
	s := status.New(r.code, text(err.Error()))
	if detailed, err := s.WithDetails(details...); err == nil { // cannot fail: text makes details valid UTF-8
		s = detailed
	}
	return s.Err()
}

// FromStatus is the inverse of ToStatus: its result has the message of what went in
// and is, by errors.Is and errors.As, the same error. An error without a status, and
// a status of a code that no kind has, stay as they are.
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

// ToProto returns err as a message inside a stream that goes on.
func ToProto(err error) *reasoningv1.Error {
	r, reason := lookup(err)
	p := &reasoningv1.Error{Code: int32(r.code), Reason: reason, Message: text(err.Error())}
	if s, ok := status.FromError(err); ok && reason == unclassified {
		p.Code, p.Reason, p.Message = int32(s.Code()), "", text(s.Message())
	}
	if r.retry > 0 && reason == r.reason() {
		p.RetryDelay = durationpb.New(r.retry)
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

// domainError returns the error that a code and a reason name, nil if none. Without a
// reason it is what the code means in general.
func domainError(code codes.Code, reason, field, rule string) error {
	i := slices.IndexFunc(table, func(r row) bool { return r.code == code })
	if i < 0 || reason == unclassified {
		return nil
	}
	switch r := table[i]; {
	case reason != "" && reason != r.reason():
		return reasoning.NewError(r.kind, reason, reason)
	case r.kind == reasoning.KindInvalid && field != "":
		return &reasoning.InvalidError{Field: field, Rule: rule}
	default:
		return r.general
	}
}

// A remoteError is an error that came over the wire: it has the message of its sender
// and is, by errors.Is, the domain's error.
type remoteError struct {
	message string
	domain  error
}

func (e *remoteError) Error() string { return e.message }
func (e *remoteError) Unwrap() error { return e.domain }

// maxMessage keeps a status within the headers that peers accept: 8 KiB, in which
// the message stands twice, once with its details.
const maxMessage = 2048

// text returns s as a message may carry it: valid UTF-8 and not too long.
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
