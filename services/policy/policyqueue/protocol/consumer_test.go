package protocol

import (
	"os"
	"strings"
	"testing"
)

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

// The template of the overlay keda-queue does not call Consumer: its names of consumers are the
// same.
func TestScaledObjectNamesTheConsumers(t *testing.T) {
	text, err := os.ReadFile("../../../../deploy/k8s/overlays/keda-queue/policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	const key = "consumer: "
	partitions := strings.Count(string(text), key)
	if partitions != 32 {
		t.Errorf("%d consumers, want 32", partitions)
	}
	for i := range partitions {
		if want := key + Consumer("Qwen/Qwen2.5-7B-Instruct", i) + "\n"; !strings.Contains(string(text), want) {
			t.Errorf("the ScaledObject has no %q", want)
		}
	}
	if !strings.Contains(string(text), "stream: "+Stream+"\n") {
		t.Errorf("the ScaledObject has no stream %s", Stream)
	}
}
