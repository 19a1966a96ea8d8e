package protocol

import "testing"

func TestConsumerIsParsedAsNamed(t *testing.T) {
	for _, want := range []string{"a", "a-1", "Qwen/Qwen2.5-0.5B *>", "100%", "ä=2"} {
		model, partition, ok := ParseConsumer(Consumer(want, 12))
		if model != want || partition != 12 || !ok {
			t.Errorf("got model %q, partition %d, %v; want %q, 12", model, partition, ok, want)
		}
	}
	for _, name := range []string{"", "exp", "exp-a", "exp-a-x", "other-a-1", "exp-=ZZ-1"} {
		if model, partition, ok := ParseConsumer(name); ok {
			t.Errorf("%q: got model %q and partition %d, want an error", name, model, partition)
		}
	}
}
