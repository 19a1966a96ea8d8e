package mesh_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/nats-io/nats.go/jetstream"
	"google.golang.org/grpc/codes"

	"github.com/ponder-mesh/ponder/internal/modelserver/modelservertest"
	"github.com/ponder-mesh/ponder/internal/natsx/natsd"
	"github.com/ponder-mesh/ponder/internal/natsx/natstest"
	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/mesh"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy/engine/openai"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/policy/template"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// standIn starts a server of a model, and returns it with an engine of it.
func standIn(t *testing.T, format string, o modelservertest.Options) (*modelservertest.Server, *openai.Engine) {
	t.Helper()
	tmpl, err := template.Lookup(format)
	if err != nil {
		t.Fatal(err)
	}
	if o.Text == nil {
		o.Text = []string{"Two", " and", " two", ".\n\n", "So", " \\boxed{4}", "."}
	}
	s := modelservertest.StartPiped(t, o)
	e, err := openai.New(openai.Config{
		BaseURL: s.URL, Model: modelservertest.ModelName, Template: tmpl, Dialect: openai.Dialect(o.Wire.String()),
		Transport: s.Transport(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return s, e
}

// engineMesh returns the configuration of a mesh over an engine, as `ponder dev --policy-url` has it.
func engineMesh(e *openai.Engine) mesh.Config {
	return mesh.Config{
		Policy: e, Verifier: verifiertest.Steps(0),
		PolicyChecks: []serve.Check{{Name: "engine", Do: e.Ready}}, PolicyReady: e.Ready,
	}
}

// A search that a model's server cannot run, or whose problem it has no room for, is refused before
// it is accepted, with its reason and its field. All that the server has generated is the token of a
// probe, where it does not tell what it can do. The control is the same search on a server that can.
func TestSearchesThatServersCannotRunAreRefused(t *testing.T) {
	const vllm, llama, generic = modelservertest.WireVLLM, modelservertest.WireLlamaCpp, modelservertest.WireOpenAI
	forced := &backend.Thinking{Mode: backend.ModeForce, Max: 9}
	certain := &search.Choice{By: search.ByCertainty}
	long := strings.Repeat("one ", 200)
	for name, test := range map[string]struct {
		format  string
		server  modelservertest.Options
		request planner.Request
		reason  string
		field   string
		probes  int // requests of the probe
	}{
		"steps, no counts":             {"steps-chatml", modelservertest.Options{Wire: generic, Mode: modelservertest.ModeNoLogprobs}, requestFor(beam(4, 2)), "CAPABILITY_MISSING", "strategy", 1},
		"steps, no counts, chat":       {"steps", modelservertest.Options{Wire: generic, Mode: modelservertest.ModeUncounted}, requestFor(beam(4, 2)), "CAPABILITY_MISSING", "strategy", 1},
		"steps, no continuation":       {"steps", modelservertest.Options{Wire: generic, NoContinue: true}, requestFor(beam(4, 2)), "CAPABILITY_MISSING", "strategy", 2},
		"llama.cpp, no continuation":   {"think", modelservertest.Options{Wire: llama, NoContinue: true}, requestFor(beam(4, 2)), "CAPABILITY_MISSING", "strategy", 2},
		"thinking, no continuation":    {"think", modelservertest.Options{Wire: llama, NoContinue: true}, planner.Request{Problem: "1", Strategy: search.Greedy{}, Thinking: forced}, "CAPABILITY_MISSING", "thinking", 2},
		"certainty, no logprobs":       {"steps-chatml", modelservertest.Options{Wire: generic, Mode: modelservertest.ModeNoLogprobs}, planner.Request{Problem: "1", Strategy: majority(4), Choice: certain}, "CAPABILITY_MISSING", "choice", 1},
		"problem too long":             {"steps-chatml", modelservertest.Options{Wire: vllm, Context: 128}, planner.Request{Problem: long, Strategy: majority(4)}, "PROBLEM_UNREADABLE", "problem", 0},
		"problem too long, llama.cpp":  {"steps-chatml", modelservertest.Options{Wire: llama, Context: 128}, planner.Request{Problem: long, Strategy: majority(4)}, "PROBLEM_UNREADABLE", "problem", 0},
		"problem too long for a plan":  {"steps-chatml", modelservertest.Options{Wire: vllm, Context: 128}, planner.Request{Problem: long}, "PROBLEM_UNREADABLE", "problem", 0},
		"max_tokens above the context": {"steps-chatml", modelservertest.Options{Wire: vllm, Context: 128}, planner.Request{Problem: "1 + 1", Strategy: majority(4)}, "CAPABILITY_MISSING", "sampling.max_tokens", 0},
	} {
		t.Run(name, func(t *testing.T) {
			for _, capable := range []bool{false, true} {
				natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
					o := test.server
					if capable {
						o.Mode, o.Context, o.NoContinue = modelservertest.ModeOK, 0, false
					}
					server, e := standIn(t, test.format, o)
					m := start(t, s, engineMesh(e))
					time.Sleep(3 * protocol.AnnounceEvery)
					probed := server.Requests()
					created, err := m.Planner.Create(t.Context(), test.request)
					if capable {
						if err != nil {
							t.Fatalf("control: got %v, want it accepted", err)
						}
						if _, err := m.Planner.Cancel(t.Context(), planner.Ref{ID: created.ID}); err != nil {
							t.Error(err)
						}
						return
					}
					_, planned := m.Planner.Plan(t.Context(), test.request)
					for call, err := range map[string]error{"Create": err, "Plan": planned} {
						var rule *reasoning.InvalidError
						if reasonOf(err) != test.reason || !errors.As(err, &rule) || rule.Field != test.field {
							t.Errorf("%s: got %v, want %s for %s", call, err, test.reason, test.field)
						}
						t.Log(err)
					}
					generated := 0
					for _, r := range server.Requests() {
						generated += r.Generated
					}
					if n := len(server.Requests()); len(probed) != test.probes || n != test.probes || generated > 1 {
						t.Errorf("the server got %d requests, %d of them before the search, and generated %d tokens; want %d of a probe and at most 1",
							n, len(probed), generated, test.probes)
					}
				})
			}
		})
	}
}

// The last announcement outlives the worker, also one that crashes, and the planner. Once an
// operator has removed it, nothing is known: a search is accepted. The control is a model that
// never had a worker: its search is accepted, and ends with the permanent error, once a worker
// that cannot run it comes.
func TestLastAnnouncementOutlivesTheWorker(t *testing.T) {
	for _, crash := range []bool{false, true} {
		natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
			_, e := standIn(t, "steps-chatml", modelservertest.Options{Wire: modelservertest.WireOpenAI, Mode: modelservertest.ModeNoLogprobs})
			config := engineMesh(e)
			config.Workers = -1
			first := start(t, s, config)
			request := requestFor(beam(4, 2))

			// Never there: accepted, and queued.
			never := begin(t, first, request)
			time.Sleep(time.Minute)
			if got := get(t, first, never); got.State.Ended() || len(noticesOf(t, first, never)) == 0 {
				t.Errorf("without a worker ever: got %v, want it queued with a notice", got.State)
			}

			// A worker comes: the search ends with the permanent error, once, and later ones are refused.
			if err := e.Ready(t.Context()); err != nil {
				t.Fatal(err)
			}
			w := startWorker(t, s, "w", e)
			time.Sleep(time.Minute)
			got := get(t, first, never)
			if got.State != planner.StateFailed || reasonOf(got.Outcome.Err) != "TOKENS_NOT_COUNTED" {
				t.Errorf("never there, ended with %v %v, want TOKENS_NOT_COUNTED", got.State, got.Outcome)
			}
			refusedBy := func(m *mesh.Mesh, when string) {
				t.Helper()
				if _, err := m.Planner.Create(t.Context(), request); reasonOf(err) != "CAPABILITY_MISSING" {
					t.Errorf("%s: got %v, want CAPABILITY_MISSING", when, err)
				}
			}
			refusedBy(first, "alive")

			if crash {
				w.crash()
			} else {
				w.stop()
			}
			<-w.ended
			w.ended <- nil
			time.Sleep(time.Hour)
			refusedBy(first, "an hour after the worker")
			second := start(t, s, config) // as after a restart of the planner
			refusedBy(second, "another planner")

			js, err := jetstream.New(first.Nats)
			if err != nil {
				t.Fatal(err)
			}
			status, err := policyqueue.ReadStatus(t.Context(), js)
			if err != nil || len(status.Models) != 1 || status.Models[0].Last == nil || len(status.Models[0].Workers) > 0 {
				t.Errorf("got status %+v and error %v, want the last announcement and no worker", status, err)
			}
			if err := policyqueue.Forget(t.Context(), js, modelservertest.ModelName); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			for _, m := range []*mesh.Mesh{first, second} {
				id := begin(t, m, request)
				if _, err := m.Planner.Cancel(t.Context(), planner.Ref{ID: id}); err != nil {
					t.Error(err)
				}
			}
			if err := policyqueue.Forget(t.Context(), js, modelservertest.ModelName); !errors.Is(err, reasoning.ErrInvalid) {
				t.Errorf("forgotten twice: got %v, want ErrInvalid", err)
			}
		})
	}
}

// noticesOf returns the notices of a search so far.
func noticesOf(t *testing.T, m *mesh.Mesh, id string) (notices []planner.Notice) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), time.Second)
	defer stop()
	for e, err := range m.Planner.Watch(ctx, planner.Ref{ID: id}, 0) {
		if err != nil {
			break
		}
		notices = append(notices, e.Notices...)
	}
	return notices
}

// raw sends a request to the planner and returns the status as it is on the wire.
func raw(m *mesh.Mesh, r planner.Request) error {
	_, err := wire(m).CreateSearch(context.Background(), &plannerv1.CreateSearchRequest{Spec: plannerrpc.SpecToProto(r)})
	return err
}

// Two models share NATS: what one cannot do is refused for it alone.
func TestModelsAreRefusedByTheirOwnCapabilities(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		_, e := standIn(t, "steps-chatml", modelservertest.Options{Wire: modelservertest.WireOpenAI, Mode: modelservertest.ModeNoLogprobs})
		incapable := start(t, s, engineMesh(e))
		capable := start(t, s, mesh.Config{Policy: policytest.Steps(3, 0), Verifier: verifiertest.Steps(0)})
		if _, err := incapable.Planner.Create(t.Context(), requestFor(beam(4, 2))); reasonOf(err) != "CAPABILITY_MISSING" {
			t.Errorf("got %v, want CAPABILITY_MISSING", err)
		}
		outcome, _ := solve(t, capable, requestFor(beam(4, 2)))
		complete(t, outcome)
		models, err := incapable.Planner.Models(t.Context())
		if err != nil || len(models.Policies) != 1 || models.Policies[0].Counts != reasoning.SupportNo {
			t.Errorf("got models %+v and error %v, want one that does not count", models, err)
		}
	})
}

// What a worker of an earlier release does not announce is not known, and tried; what its version
// of the queue's protocol lacks is refused.
func TestAnnouncementsOfEarlierReleases(t *testing.T) {
	for _, test := range []struct {
		announcement string
		refused      bool
	}{
		{`{"name":"old","model":{"name":"script"},"slots":4,"ready":true,"protocolVersion":2}`, false},
		{`{"name":"old","model":{"name":"script"},"slots":4,"ready":true,"protocolVersion":1}`, true},
		{`{"name":"new","model":{"name":"script"},"slots":4,"ready":true,"protocolVersion":3,"price":7,
			"capabilities":{"counts":"SUPPORT_SOMETIMES","attempts":9,"colours":true}}`, false},
	} {
		natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
			m := start(t, s, mesh.Config{Policy: policytest.Steps(3, 0), Verifier: verifiertest.Steps(0), Workers: -1})
			if err := m.Nats.Publish(protocol.AnnouncementSubject(protocol.AnnouncementKey("script", "x")), []byte(test.announcement)); err != nil {
				t.Fatal(err)
			}
			synctest.Wait()
			_, err := m.Planner.Create(t.Context(), requestFor(search.NewRevisions(4)))
			if refused := reasonOf(err) == "CAPABILITY_MISSING"; refused != test.refused || (err != nil) != test.refused {
				t.Errorf("%s: got %v, want it refused: %v", test.announcement, err, test.refused)
			}
			if _, err := m.Planner.Create(t.Context(), requestFor(beam(4, 2))); err != nil {
				t.Errorf("%s: a beam got %v, want it accepted", test.announcement, err)
			}
		})
	}
}

// A search may run on any worker of its model: it is refused if one of them cannot run it, and
// accepted once that one has gone.
func TestAllWorkersMustBeAble(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		m := start(t, s, mesh.Config{Policy: policytest.Steps(3, 0), Verifier: verifiertest.Steps(0)})
		incapable := policytest.Steps(3, 0)
		incapable.Can.Counts = reasoning.SupportNo
		w := startWorker(t, s, "incapable", incapable)
		if _, err := m.Planner.Create(t.Context(), requestFor(beam(4, 2))); reasonOf(err) != "CAPABILITY_MISSING" {
			t.Errorf("got %v, want CAPABILITY_MISSING", err)
		}
		w.stop()
		<-w.ended
		w.ended <- nil
		synctest.Wait()
		outcome, _ := solve(t, m, requestFor(beam(4, 2)))
		complete(t, outcome)
	})
}

// A reward model that cannot read a problem, or scores only whole solutions, is refused over gRPC
// in the same way.
func TestSearchesThatVerifiersCannotScoreAreRefused(t *testing.T) {
	natstest.Bubble(t, func(t *testing.T, s *natsd.Server) {
		scores := verifiertest.Steps(0)
		scores.Identity = verifier.RewardModel{Model: reasoning.Model{Name: "orm"}, Aggregator: verifier.AggregatorLast}
		m := start(t, s, mesh.Config{Policy: policytest.Steps(3, 0), Verifier: scores})
		outcome, _ := solve(t, m, requestFor(beam(4, 2))) // the control: nothing is known of it
		complete(t, outcome)
		before := len(scores.Calls())
		scores.Identity.Capabilities = verifier.Capabilities{Steps: reasoning.SupportNo, Input: reasoning.Input{Alphabet: "count"}}
		_, err := m.Planner.Create(t.Context(), requestFor(beam(4, 2)))
		refused(t, raw(m, requestFor(beam(4, 2))), codes.FailedPrecondition, "CAPABILITY_MISSING", "strategy")
		if reasonOf(err) != "CAPABILITY_MISSING" {
			t.Errorf("got %v, want CAPABILITY_MISSING", err)
		}
		unreadable := requestFor(bestOf(2))
		unreadable.Problem = "zahl"
		refused(t, raw(m, unreadable), codes.InvalidArgument, "PROBLEM_UNREADABLE", "problem")
		if n := len(scores.Calls()) - before; n > 0 {
			t.Errorf("the verifier was called %d times", n)
		}
		outcome, _ = solve(t, m, requestFor(bestOf(2)))
		complete(t, outcome)
	})
}
