package journalstream_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"

	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/services/planner/journal"
	"github.com/ponder-mesh/ponder/services/planner/journal/journalstream"
)

var key = journal.KeyOf("tenant", "01SEARCH")

func entry(text string) journal.Entry { return journal.Entry{Kind: "test", Body: []byte(text)} }

// subjectOf returns the subject of a log without a scope.
func subjectOf(key journal.Key) string { return fmt.Sprintf("log.%s.%s", journal.TenantOf(""), key) }

// open opens the log of key.
func open(t *testing.T, j *journalstream.Journal) (journal.Log, []string) {
	t.Helper()
	l, records, err := j.Open(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, r := range records {
		for _, e := range r.Entries {
			texts = append(texts, string(e.Body))
		}
	}
	return l, texts
}

// wantLog fails the test if the log of key has other entries.
func wantLog(t *testing.T, j *journalstream.Journal, want ...string) {
	t.Helper()
	if _, got := open(t, j); !slices.Equal(got, want) {
		t.Errorf("got entries %q, want %q", got, want)
	}
}

// A publisher publishes for real, and then lets a test replace the result.
type publisher struct {
	jetstream.JetStream
	publish func(publish func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error)
}

func (p publisher) PublishMsg(ctx context.Context, m *nats.Msg, opts ...jetstream.PublishOpt) (*jetstream.PubAck, error) {
	return p.publish(func() (*jetstream.PubAck, error) { return p.JetStream.PublishMsg(ctx, m, opts...) })
}

// apiError returns an error of the server with a code.
func apiError(code jetstream.ErrorCode) error {
	return fmt.Errorf("nats: %w", &jetstream.APIError{Code: 400, ErrorCode: code, Description: "from the test"})
}

// NATS 10164 "wrong last sequence" is also the answer to a planner whose own earlier attempt is
// still in flight, and a time-out says nothing about the attempt: the record is appended once,
// and the planner is not fenced.
func TestNATS10164IsNotFenced(t *testing.T) {
	for name, failure := range map[string]error{
		"10164 wrong last sequence":  apiError(10164),
		"10071 after a repetition":   apiError(jetstream.JSErrCodeStreamWrongLastSequence),
		"10158 duplicate in process": apiError(10158),
		"time-out":                   context.DeadlineExceeded,
		"no responders":              jetstream.ErrNoStreamResponse,
	} {
		for _, arrives := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, the first attempt arrives: %v", name, arrives), func(t *testing.T) {
				natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
					attempts := 0
					js := publisher{connect(t, s), func(publish func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error) {
						if attempts++; attempts > 1 {
							return publish()
						}
						if arrives {
							if _, err := publish(); err != nil {
								t.Error(err)
							}
						}
						return nil, failure
					}}
					j := journalOf(t, js, "planner-1")
					l, _ := open(t, j)
					for _, text := range []string{"a", "b"} {
						if err := l.Append(t.Context(), entry(text)); err != nil {
							t.Fatal(err)
						}
					}
					wantLog(t, j, "a", "b")
					if want := map[bool]int{true: 2, false: 3}[arrives]; attempts != want {
						t.Errorf("got %d attempts, want %d", attempts, want)
					}
				})
			})
		}
	}
}

// A planner whose attempt arrives only after another planner took over is fenced, and the
// attempt has no effect.
func TestALateAttemptOfAFencedPlannerHasNoEffect(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		other := journalOf(t, connect(t, s), "planner-2")
		took := false
		js := publisher{connect(t, s), func(publish func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error) {
			if !took {
				took = true
				l, _ := open(t, other)
				if err := l.Append(t.Context(), entry("other")); err != nil {
					t.Error(err)
				}
			}
			return publish()
		}}
		l, _ := open(t, journalOf(t, js, "planner-1"))
		if err := l.Append(t.Context(), entry("late")); !errors.Is(err, journal.ErrFenced) {
			t.Errorf("got %v, want ErrFenced", err)
		}
		wantLog(t, other, "other")
	})
}

// An Append that is not settled when its context ends is settled by the next.
func TestAnAppendInDoubtIsSettledByTheNext(t *testing.T) {
	for _, arrives := range []bool{true, false} {
		natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
			broken := true
			js := publisher{connect(t, s), func(publish func() (*jetstream.PubAck, error)) (*jetstream.PubAck, error) {
				if !broken {
					return publish()
				}
				if arrives {
					if _, err := publish(); err != nil {
						t.Error(err)
					}
				}
				return nil, context.DeadlineExceeded
			}}
			j := journalOf(t, js, "planner-1")
			l, _ := open(t, j)
			ctx, stop := context.WithTimeout(t.Context(), 10*time.Second)
			defer stop()
			if err := l.Append(ctx, entry("a")); !arrives && !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("got %v, want the end of the context", err)
			}
			broken = false
			for _, text := range []string{"b", "c"} {
				if err := l.Append(t.Context(), entry(text)); err != nil {
					t.Fatal(err)
				}
			}
			wantLog(t, j, "a", "b", "c")
		})
	}
}

// While the server is away Append waits, and the record is appended once.
func TestAppendWaitsForARestartOfTheServer(t *testing.T) {
	natstest.Outside(t)
	synctest.Test(t, func(t *testing.T) {
		dir := t.TempDir()
		start := func() *natsd.Server {
			s, err := natsd.Start(natsd.Config{Dir: dir})
			if err != nil {
				t.Fatal(err)
			}
			return s
		}
		server, relay := start(), &natstest.Relay{}
		relay.SetServer(server)
		js := connect(t, server, nats.InProcessServer(relay))
		j := journalOf(t, js, "planner-1")
		l, _ := open(t, j)
		if err := l.Append(t.Context(), entry("a")); err != nil {
			t.Fatal(err)
		}
		relay.SetServer(nil)
		if err := server.Close(); err != nil {
			t.Fatal(err)
		}
		done := make(chan error)
		go func() { done <- l.Append(t.Context(), entry("b")) }()
		time.Sleep(time.Minute)
		select {
		case err := <-done:
			t.Fatalf("Append returned %v while the server was away", err)
		default:
		}
		server = start()
		defer func() {
			js.Conn().Close()
			server.Close()
		}()
		relay.SetServer(server)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		wantLog(t, j, "a", "b")
	})
}

// A log of which a record was removed, changed or inserted is reported, and logs beside it are
// not affected.
func TestDamageIsReported(t *testing.T) {
	for name, damage := range map[string]func(t *testing.T, js jetstream.JetStream, stream jetstream.Stream){
		"the first record is gone": func(t *testing.T, _ jetstream.JetStream, stream jetstream.Stream) {
			remove(t, stream, 1)
		},
		"a record in the middle is gone": func(t *testing.T, _ jetstream.JetStream, stream jetstream.Stream) {
			remove(t, stream, 2)
		},
		"a record is repeated": func(t *testing.T, js jetstream.JetStream, stream jetstream.Stream) {
			m, err := stream.GetMsg(t.Context(), 2)
			if err != nil {
				t.Fatal(err)
			}
			publish(t, js, m.Data)
		},
		"a message that is no record": func(t *testing.T, js jetstream.JetStream, _ jetstream.Stream) {
			publish(t, js, []byte("no record"))
		},
		"an empty message": func(t *testing.T, js jetstream.JetStream, _ jetstream.Stream) { publish(t, js, nil) },
		"a record of another history": func(t *testing.T, js jetstream.JetStream, stream jetstream.Stream) {
			l, _, err := journalOf(t, js, "forger").Open(t.Context(), journal.KeyOf("tenant", "01OTHER"))
			if err != nil {
				t.Fatal(err)
			}
			for _, text := range []string{"a", "b", "x", "y"} { // the number of the last is right here, its hash is not
				if err := l.Append(t.Context(), entry(text)); err != nil {
					t.Fatal(err)
				}
			}
			m, err := stream.GetLastMsgForSubject(t.Context(), subjectOf(journal.KeyOf("tenant", "01OTHER")))
			if err != nil {
				t.Fatal(err)
			}
			publish(t, js, m.Data)
		},
	} {
		t.Run(name, func(t *testing.T) {
			js := start(t)
			j := journalOf(t, js, "planner-1")
			l, _ := open(t, j)
			for _, text := range []string{"a", "b", "c"} {
				if err := l.Append(t.Context(), entry(text)); err != nil {
					t.Fatal(err)
				}
			}
			stream, err := js.Stream(t.Context(), journalstream.Stream)
			if err != nil {
				t.Fatal(err)
			}
			beside, _, err := j.Open(t.Context(), journal.KeyOf("tenant", "01BESIDE"))
			if err != nil {
				t.Fatal(err)
			}
			damage(t, js, stream)
			if _, _, err := j.Open(t.Context(), key); !errors.Is(err, journal.ErrCorrupt) {
				t.Errorf("got %v, want ErrCorrupt", err)
			}
			if err := beside.Append(t.Context(), entry("beside")); err != nil {
				t.Errorf("another log: %v", err)
			}
		})
	}
}

// remove removes a message of the stream.
func remove(t *testing.T, stream jetstream.Stream, sequence uint64) {
	t.Helper()
	if err := stream.DeleteMsg(t.Context(), sequence); err != nil {
		t.Fatal(err)
	}
}

// publish publishes a message to the log of key.
func publish(t *testing.T, js jetstream.JetStream, data []byte) {
	t.Helper()
	if _, err := js.Publish(t.Context(), subjectOf(key), data); err != nil {
		t.Fatal(err)
	}
}

// A planner whose log has lost its last record is told, and does not write a second history
// behind what its clients have seen.
func TestALostTailIsReportedToItsWriter(t *testing.T) {
	js := start(t)
	j := journalOf(t, js, "planner-1")
	stream, err := js.Stream(t.Context(), journalstream.Stream)
	if err != nil {
		t.Fatal(err)
	}
	for name, lose := range map[string]func(last uint64) error{
		"the last record": func(last uint64) error { return stream.DeleteMsg(t.Context(), last) },
		"the log":         func(uint64) error { return j.Delete(t.Context(), key) },
	} {
		if err := j.Delete(t.Context(), key); err != nil {
			t.Fatal(err)
		}
		l, _ := open(t, j)
		for _, text := range []string{"a", "b"} {
			if err := l.Append(t.Context(), entry(text)); err != nil {
				t.Fatal(err)
			}
		}
		info, err := stream.Info(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := lose(info.State.LastSeq); err != nil {
			t.Fatal(err)
		}
		if err := l.Append(t.Context(), entry("c")); !errors.Is(err, journal.ErrLost) {
			t.Errorf("%s is lost: got %v, want ErrLost", name, err)
		}
	}
	l, _ := open(t, j)
	if err := js.DeleteStream(t.Context(), journalstream.Stream); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(t.Context(), entry("c")); !errors.Is(err, journal.ErrLost) {
		t.Errorf("the stream is deleted: got %v, want ErrLost", err)
	}
	if _, _, err := j.Open(t.Context(), key); !errors.Is(err, journal.ErrLost) {
		t.Errorf("the stream is deleted: Open returned %v, want ErrLost", err)
	}
}

// A full journal refuses records, and takes them once there is space.
func TestAFullJournalTakesRecordsOnceThereIsSpace(t *testing.T) {
	js := start(t)
	j := journalstream.New(js, journalstream.Config{Writer: "planner-1", MaxBytes: 64 << 10})
	old, _, err := j.Open(t.Context(), journal.KeyOf("tenant", "01OLD"))
	if err != nil {
		t.Fatal(err)
	}
	if err := old.Append(t.Context(), entry(strings.Repeat("x", 50<<10))); err != nil {
		t.Fatal(err)
	}
	l, _ := open(t, j)
	if err := l.Append(t.Context(), entry("a")); err != nil {
		t.Fatal(err)
	}
	large := strings.Repeat("y", 20<<10)
	for range 2 {
		if err := l.Append(t.Context(), entry(large)); !errors.Is(err, journal.ErrFull) {
			t.Fatalf("got %v, want ErrFull", err)
		}
		wantLog(t, j, "a")
		large = "b"
	}
	if err := j.Delete(t.Context(), journal.KeyOf("tenant", "01OLD")); err != nil {
		t.Fatal(err)
	}
	if err := l.Append(t.Context()); err != nil {
		t.Fatal(err)
	}
	wantLog(t, j, "a", strings.Repeat("y", 20<<10), "b")
}

// Planners of two scopes share a stream, and neither sees the logs of the other.
func TestScopesAreSeparate(t *testing.T) {
	js := start(t)
	for _, scope := range []string{"a model/with:any.character *>", "another"} {
		j := journalstream.New(js, journalstream.Config{Writer: "planner", Scope: scope})
		keys, err := j.List(t.Context(), "")
		if err != nil || len(keys) > 0 {
			t.Fatalf("scope %q: got logs %v and error %v before it has any", scope, keys, err)
		}
		l, records, err := j.Open(t.Context(), key)
		if err != nil || len(records) > 0 {
			t.Fatalf("scope %q: got %d records and error %v", scope, len(records), err)
		}
		if err := l.Append(t.Context(), entry("a")); err != nil {
			t.Fatal(err)
		}
		if keys, err := j.List(t.Context(), key.Tenant); err != nil || len(keys) != 1 {
			t.Errorf("scope %q: got logs %v and error %v, want one", scope, keys, err)
		}
	}
}
