package plannerrpc

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
)

// timeToProto converts a time; it returns nil for the zero time.
func timeToProto(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// timeFromProto converts a timestamp; it returns the zero time for nil and for an invalid one.
func timeFromProto(p *timestamppb.Timestamp) time.Time {
	if !p.IsValid() {
		return time.Time{}
	}
	return p.AsTime()
}
