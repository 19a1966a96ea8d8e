package natsx_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"

	"github.com/ponder-mesh/ponder/internal/natsx"
	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
)

func TestHeaderKeepsKeysAndTraceContext(t *testing.T) {
	want := trace.NewSpanContext(trace.SpanContextConfig{
		TraceID: trace.TraceID{1}, SpanID: trace.SpanID{2}, TraceFlags: trace.FlagsSampled,
	})
	msg := nats.NewMsg("subject")
	propagation.TraceContext{}.Inject(trace.ContextWithSpanContext(t.Context(), want), natsx.Header(msg.Header))
	if diff := cmp.Diff(natsx.Header(msg.Header).Keys(), []string{"traceparent"}); diff != "" {
		t.Errorf("keys (got before want):\n%s", diff)
	}
	got := trace.SpanContextFromContext(propagation.TraceContext{}.Extract(t.Context(), natsx.Header(msg.Header)))
	if !got.Equal(want.WithRemote(true)) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestConnectedNamesTheAddress(t *testing.T) {
	nc, err := natsx.Connect("nats://127.0.0.1:1", "client")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	if err := natsx.Connected(t.Context(), nc); err == nil || !strings.Contains(err.Error(), "127.0.0.1:1") {
		t.Errorf("got %v, want an error that names 127.0.0.1:1", err)
	}
}

func TestServerListens(t *testing.T) {
	s, err := natsd.Start(natsd.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	nc, err := natsx.Connect(s.URL(), "client")
	if err != nil {
		t.Fatal(err)
	}
	defer nc.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	if err := natsx.Connected(ctx, nc); err != nil {
		t.Error(err)
	}
	for _, address := range []string{"nowhere", "127.0.0.1:http"} {
		if _, err := natsd.Start(natsd.Config{Listen: address}); err == nil || !strings.Contains(err.Error(), "address") {
			t.Errorf("listening at %q: got %v, want an error of the address", address, err)
		}
	}
}

func TestUserIsThatOfTheConnection(t *testing.T) {
	s, err := natsd.Start(natsd.Config{Listen: "127.0.0.1:0"})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for _, c := range []struct {
		url  string
		opts []nats.Option
		want string
	}{
		{s.URL(), nil, ""},
		{strings.Replace(s.URL(), "//", "//alice:secret@", 1), nil, "alice"},
		{s.URL(), []nats.Option{nats.UserInfo("bob", "secret")}, "bob"},
	} {
		nc, err := natsx.Connect(c.url, "client", c.opts...)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
		if err := natsx.Connected(ctx, nc); err != nil {
			t.Error(err)
		}
		if got := natsx.User(nc); got != c.want {
			t.Errorf("user is %q, want %q", got, c.want)
		}
		cancel()
		nc.Close()
	}
}

// In a bubble JetStream delivers a message again after exactly the AckWait.
func TestTimesAreExactInABubble(t *testing.T) {
	for range 2 { // a bubble is not affected by an earlier one
		natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
			js, err := jetstream.New(natstest.Connect(t, s, "test"))
			if err != nil {
				t.Fatal(err)
			}
			stream, err := js.CreateStream(t.Context(), jetstream.StreamConfig{
				Name: "S", Subjects: []string{"s"}, Storage: jetstream.MemoryStorage,
			})
			if err != nil {
				t.Fatal(err)
			}
			consumer, err := stream.CreateConsumer(t.Context(), jetstream.ConsumerConfig{
				AckPolicy: jetstream.AckExplicitPolicy, AckWait: 24 * time.Hour,
			})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := js.Publish(t.Context(), "s", nil); err != nil {
				t.Fatal(err)
			}
			start := time.Now()
			for range 2 {
				if _, err := consumer.Next(jetstream.FetchMaxWait(48 * time.Hour)); err != nil {
					t.Fatal(err)
				}
			}
			if got, want := time.Since(start).Truncate(time.Second), 24*time.Hour; got != want {
				t.Errorf("delivered again after %v, want %v", got, want)
			}
		})
	}
}

func TestRedactHidesPasswordsAndTokens(t *testing.T) {
	for urls, want := range map[string]string{
		"nats://127.0.0.1:4222":                        "nats://127.0.0.1:4222",
		"127.0.0.1:4222":                               "nats://127.0.0.1:4222",
		"nats://alice:secret@a:1, tls://b:2":           "nats://alice:xxxxx@a:1,tls://b:2",
		"nats://secret@a:1":                            "nats://xxxxx@a:1",
		"nats://127.0.0.1:1,nats://alice:secret@a:bad": "nats://127.0.0.1:1,an invalid URL",
	} {
		if got := natsx.Redact(urls); got != want {
			t.Errorf("%s: got %s, want %s", urls, got, want)
		}
	}
	_, err := natsx.Connect("nats://alice:secret@a:bad", "client")
	if err == nil || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want an error without the password", err)
	}
}
