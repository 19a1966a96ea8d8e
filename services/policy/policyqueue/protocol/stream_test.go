package protocol

import "testing"

func TestPartitionsAreThoseOfTransform(t *testing.T) {
	if _, destination := Transform(17); Partitions(destination) != 17 {
		t.Errorf("got %d, want 17", Partitions(destination))
	}
	if got := Partitions("exp.{{wildcard(1)}}"); got != 0 {
		t.Errorf("another transform has %d partitions, want 0", got)
	}
}
