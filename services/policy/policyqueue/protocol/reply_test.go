package protocol

import (
	"slices"
	"testing"
)

func TestReplyIsDecodedAsEncoded(t *testing.T) {
	for _, want := range [][]int{nil, {0, 7}} {
		got, err := DecodeReply(EncodeReply(want))
		if err != nil || !slices.Equal(got, want) {
			t.Errorf("got %v and error %v, want %v", got, err, want)
		}
	}
}
