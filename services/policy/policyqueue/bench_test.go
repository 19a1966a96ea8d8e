package policyqueue

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

// BenchmarkExpand measures the time of the queue alone: the engine takes no time. On a busy
// machine the waits for a processor dominate.
func BenchmarkExpand(b *testing.B) {
	for _, partitions := range []int{1, 32} {
		for _, c := range []struct{ children, searches int }{{1, 1}, {64, 1}, {8, 16}} {
			b.Run(fmt.Sprintf("partitions=%d/children=%d/searches=%d", partitions, c.children, c.searches), func(b *testing.B) {
				client := benchmarkQueue(b, partitions)
				var all sync.WaitGroup
				b.ResetTimer()
				for i := range c.searches {
					all.Go(func() {
						for n := range b.N {
							r := request(fmt.Sprint("s", i), c.children)
							r.Problem = fmt.Sprint(n)
							if _, _, err := collect(b.Context(), client, r); err != nil {
								b.Error(err)
							}
						}
					})
				}
				all.Wait()
			})
		}
	}
}

// benchmarkQueue returns a client of a queue with one worker.
func benchmarkQueue(b *testing.B, partitions int) *Client {
	must := func(err error) {
		if err != nil {
			b.Fatal(err)
		}
	}
	s, err := natsd.Start(natsd.Config{})
	must(err)
	b.Cleanup(func() { must(s.Close()) })
	connect := func(name string) *nats.Conn {
		nc, err := s.Connect(name)
		must(err)
		b.Cleanup(nc.Close)
		return nc
	}
	nc, cfg := connect("client"), Config{Model: reasoning.Model{Name: "script"}}
	js, err := jetstream.New(nc)
	must(err)
	must(WriteSettings(b.Context(), js, protocol.Settings{Partitions: partitions, Cap: 8}))
	must(Setup(b.Context(), js, cfg))
	client, err := NewClient(nc, cfg)
	must(err)
	b.Cleanup(client.Close)
	worker, err := NewWorker(connect("worker"), policytest.Steps(1, 0), cfg, WorkerConfig{Name: "worker", Slots: 64})
	must(err)
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- worker.Run(ctx) }()
	b.Cleanup(func() { stop(); must(<-ended) })
	_, _, err = collect(b.Context(), client, request("warm-up", 64))
	must(err)
	return client
}
