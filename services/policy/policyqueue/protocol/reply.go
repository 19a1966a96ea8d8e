package protocol

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	queuev1 "github.com/ponder-mesh/ponder/internal/proto/ponder/queue/v1"
)

// HeaderPrevious is a header of the reply to a claim: the traceparent of the previous
// attempt.
const HeaderPrevious = "Ponder-Previous"

// EncodeReply returns the body of a client's reply to a result: the ordinals of the
// children of the job that are missing, in order.
func EncodeReply(missing []int) []byte {
	reply := &queuev1.ResultReply{}
	for _, ordinal := range missing {
		reply.Missing = append(reply.Missing, int32(ordinal))
	}
	body, _ := proto.Marshal(reply) // fails only for text that is not UTF-8
	return body
}

// DecodeReply returns the ordinals in the body of a reply.
func DecodeReply(body []byte) (missing []int, err error) {
	var reply queuev1.ResultReply
	if err := proto.Unmarshal(body, &reply); err != nil {
		return nil, fmt.Errorf("decode reply to a result: %w", err)
	}
	for _, ordinal := range reply.GetMissing() {
		missing = append(missing, int(ordinal))
	}
	return missing, nil
}
