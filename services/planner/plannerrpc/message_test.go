package plannerrpc

import (
	"errors"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/internal/wire"
	"github.com/ponder-mesh/ponder/internal/wire/wiretest"
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

var (
	instants = rapid.Custom(func(t *rapid.T) time.Time {
		return time.Unix(rapid.Int64Range(1, 4e9).Draw(t, "seconds"), rapid.Int64Range(0, 999999999).Draw(t, "nanoseconds")).UTC()
	})
	nodes = rapid.Custom(func(t *rapid.T) planner.Node {
		n := planner.Node{
			ID: rapid.String().Draw(t, "id"), Parent: rapid.String().Draw(t, "parent"), Depth: rapid.IntRange(1, 99).Draw(t, "depth"),
			State:  search.State(rapid.IntRange(1, int(search.StateCancelled)).Draw(t, "state")),
			Answer: rapid.String().Draw(t, "answer"), Reason: rapid.String().Draw(t, "reason"),
		}
		if rapid.Bool().Draw(t, "generated") {
			n.Steps = rapid.SliceOfN(wiretest.Steps, 1, 3).Draw(t, "steps")
			n.Finish = wiretest.Finishes.Draw(t, "finish")
		}
		if rapid.Bool().Draw(t, "scored") {
			n.Scored, n.Value = true, rapid.Float64().Draw(t, "value")
		}
		return n
	})
	plans = rapid.Custom(func(t *rapid.T) *planner.Plan {
		p := &planner.Plan{
			Strategy: drawn(t, rapid.SampledFrom([]search.Strategy{search.Rebase{}, search.Particles{}}).Draw(t, "strategy")),
			Choice:   rapid.SampledFrom(search.Choices()).Draw(t, "choice"), Reason: rapid.String().Draw(t, "reason"),
			Source: planner.Source(rapid.IntRange(1, 3).Draw(t, "source")), Profile: rapid.String().Draw(t, "profile"),
			Bin: rapid.String().Draw(t, "bin"), PredictedTokens: int64(wiretest.Counts.Draw(t, "tokens")),
			PredictedFLOPs: float64(wiretest.Counts.Draw(t, "FLOPs")), PredictedTime: wiretest.Durations.Draw(t, "time"),
		}
		if rapid.Bool().Draw(t, "has models") {
			p.Policy, p.RewardModel = wiretest.Models.Draw(t, "policy"), wiretest.Models.Draw(t, "reward model")
		}
		if rapid.Bool().Draw(t, "has an accuracy") {
			p.PredictedAccuracy = new(wiretest.Unit.Draw(t, "accuracy"))
		}
		return p
	})
	estimates = rapid.Custom(func(t *rapid.T) *difficulty.Estimate {
		return &difficulty.Estimate{PassRate: 0.5, Low: 0.25, High: 0.75, Bin: rapid.IntRange(0, 4).Draw(t, "bin"), Label: "x", Samples: 3}
	})
	outcomes = rapid.Custom(func(t *rapid.T) *planner.Outcome {
		o := &planner.Outcome{
			Stop: planner.Stop(rapid.IntRange(1, int(planner.StopError)).Draw(t, "stop")), Answer: rapid.String().Draw(t, "answer"),
			Node: rapid.String().Draw(t, "node"), Solution: rapid.String().Draw(t, "solution"), Weight: rapid.Float64().Draw(t, "weight"),
			Degraded: rapid.SliceOfN(rapid.String(), 1, 3).Draw(t, "degraded"), Elapsed: wiretest.Durations.Draw(t, "elapsed"),
			Candidates: []search.Candidate{{Answer: rapid.String().Draw(t, "candidate"), Count: 3, Weight: 0.5}},
		}
		if rapid.Bool().Draw(t, "has an error") {
			o.Err = fmt.Errorf("in a test: %w", planner.ErrNoAnswer)
		}
		return o
	})
	// sameErrors compares ErrNoAnswer by its text.
	sameErrors = cmp.Comparer(func(a, b error) bool {
		return a == nil && b == nil || errors.Is(a, planner.ErrNoAnswer) && errors.Is(b, planner.ErrNoAnswer) && a.Error() == b.Error()
	})
)

// maybe draws nil or a value of g.
func maybe[T any](t *rapid.T, g *rapid.Generator[*T], name string) *T {
	if !rapid.Bool().Draw(t, "has "+name) {
		return nil
	}
	return g.Draw(t, name)
}

// Converting events, searches, plans and requests to messages and back gives the same values.
func TestMessagesRoundTrip(t *testing.T) {
	wiretest.RoundTrip(t, "event", rapid.Custom(func(t *rapid.T) planner.Event {
		first := rapid.Int64Range(1, 1<<52).Draw(t, "first")
		e := planner.Event{
			Search: rapid.String().Draw(t, "search"), First: first, Sequence: first + int64(wiretest.Counts.Draw(t, "more")),
			Snapshot: rapid.Bool().Draw(t, "snapshot"), Time: instants.Draw(t, "time"),
			State: planner.State(rapid.IntRange(1, int(planner.StateCancelled)).Draw(t, "state")), Nodes: rapid.SliceOfN(nodes, 1, 3).Draw(t, "nodes"),
			Bill: wiretest.Bills.Draw(t, "bill"), Estimate: maybe(t, estimates, "estimate"), Plan: maybe(t, plans, "plan"),
			Notices: []planner.Notice{{Kind: planner.NoticeRetrying, Text: rapid.String().Draw(t, "notice"), Time: instants.Draw(t, "notice time")}},
		}
		if e.State.Ended() {
			e.Outcome = outcomes.Draw(t, "outcome")
		}
		return e
	}), EventToProto, eventFromProto, sameErrors)
	wiretest.RoundTrip(t, "search", rapid.Custom(func(t *rapid.T) planner.Search {
		s := planner.Search{
			ID: rapid.String().Draw(t, "id"), Request: planner.Request{Tenant: rapid.String().Draw(t, "tenant"), Problem: "p"},
			State: planner.State(rapid.IntRange(1, int(planner.StateCancelled)).Draw(t, "state")), Created: instants.Draw(t, "created"),
			Epoch: rapid.Int64Range(1, 1<<20).Draw(t, "epoch"), Bill: wiretest.Bills.Draw(t, "bill"), Estimate: maybe(t, estimates, "estimate"), Plan: maybe(t, plans, "plan"),
			Outcome: maybe(t, outcomes, "outcome"), Nodes: wiretest.Counts.Draw(t, "nodes"), Stored: rapid.Bool().Draw(t, "stored"),
		}
		s.Sequence = s.Epoch<<32 + int64(wiretest.Counts.Draw(t, "number"))
		if rapid.Bool().Draw(t, "ended") {
			s.Ended = instants.Draw(t, "end")
		}
		return s
	}), SearchToProto, searchFromProto, sameErrors)
	wiretest.RoundTrip(t, "plan", rapid.Custom(func(t *rapid.T) planner.PlanResult {
		return planner.PlanResult{Plan: *plans.Draw(t, "plan"), Estimate: maybe(t, estimates, "estimate"), Bill: wiretest.Bills.Draw(t, "bill")}
	}), PlanResultToProto, planResultFromProto)
	wiretest.RoundTrip(t, "request for searches", rapid.Custom(func(t *rapid.T) planner.ListRequest {
		r := planner.ListRequest{
			Tenant: rapid.String().Draw(t, "tenant"), PageSize: wiretest.Counts.Draw(t, "size"), PageToken: rapid.String().Draw(t, "token"),
			States: []planner.State{planner.StateQueued, planner.StateFailed},
		}
		if rapid.Bool().Draw(t, "bounded") {
			r.CreatedFrom, r.CreatedBefore = instants.Draw(t, "from"), instants.Draw(t, "before")
		}
		return r
	}), listRequestToProto, listRequestFromProto)
	wiretest.RoundTrip(t, "request for nodes", rapid.Custom(func(t *rapid.T) planner.NodesRequest {
		return planner.NodesRequest{
			Ref:    planner.Ref{Tenant: rapid.String().Draw(t, "tenant"), ID: rapid.String().Draw(t, "id")},
			Parent: rapid.SampledFrom([]string{"", "0", "1.2"}).Draw(t, "parent"), Children: rapid.Bool().Draw(t, "children"),
			Depth: rapid.IntRange(0, 5).Draw(t, "depth"), PageSize: wiretest.Counts.Draw(t, "size"), PageToken: rapid.String().Draw(t, "token"),
		}
	}), nodesRequestToProto, nodesRequestFromProto, cmpopts.EquateEmpty())
}

// Bytes is an upper bound of the size of a message, by which pages are filled.
func TestBytesBoundTheSizeOfMessages(t *testing.T) {
	sampling := reasoning.Sampling{Temperature: 0.7, TopP: 0.9, MaxTokens: math.MaxInt32}
	rapid.Check(t, func(t *rapid.T) {
		n := nodes.Draw(t, "node")
		if size := proto.Size(nodeToProto(n)); size > n.Bytes() {
			t.Errorf("a node has %d bytes, and Bytes returns %d", size, n.Bytes())
		}
		r := planner.Request{
			Tenant: rapid.String().Draw(t, "tenant"), Problem: rapid.String().Draw(t, "problem"), Effort: planner.EffortMax,
			Budget: backend.Budget{PolicyTokens: math.MaxInt64, VerifierTokens: math.MaxInt64, FLOPs: 0.1}, Deadline: instants.Draw(t, "deadline"),
			Strategy: drawn(t, search.MCTS{}), Choice: &search.Choice{By: search.ByMin}, Estimate: true, NoStore: true,
			Thinking: &backend.Thinking{Max: math.MaxInt32, Min: math.MaxInt32, Wait: rapid.String().Draw(t, "wait")},
		}.WithDefaults(sampling)
		s := planner.Search{
			ID: rapid.String().Draw(t, "id"), Request: r, State: planner.StateSucceeded, Created: instants.Draw(t, "created"),
			Ended: instants.Draw(t, "ended"), Epoch: 1, Sequence: math.MaxInt64, Nodes: math.MaxInt32, Stored: true, Bill: wiretest.Bills.Draw(t, "bill"),
			Estimate: maybe(t, estimates, "estimate"), Plan: maybe(t, plans, "plan"), Outcome: maybe(t, outcomes, "outcome"),
		}
		if size := proto.Size(SearchToProto(s)); size > s.Bytes() {
			t.Errorf("a search has %d bytes, and Bytes returns %d", size, s.Bytes())
		}
	})
}

// The error of an event that breaks the contract is ErrMalformed.
func TestMalformedEvents(t *testing.T) {
	for name, damage := range map[string]func(*plannerv1.SearchEvent){
		"no numbers":             func(e *plannerv1.SearchEvent) { e.FirstSequence, e.Sequence = 0, 0 },
		"descending numbers":     func(e *plannerv1.SearchEvent) { e.Sequence = e.FirstSequence - 1 },
		"no state":               func(e *plannerv1.SearchEvent) { e.State = 0 },
		"unknown state":          func(e *plannerv1.SearchEvent) { e.State = 9 },
		"ended without outcome":  func(e *plannerv1.SearchEvent) { e.Outcome = nil },
		"outcome before the end": func(e *plannerv1.SearchEvent) { e.State = plannerv1.SearchState_SEARCH_STATE_RUNNING },
		"no stop reason":         func(e *plannerv1.SearchEvent) { e.Outcome.StopReason = 0 },
		"node without a state":   func(e *plannerv1.SearchEvent) { e.Nodes[0].State = 0 },
		"unknown finish":         func(e *plannerv1.SearchEvent) { e.Nodes[0].Finish = 9 },
		"negative tokens":        func(e *plannerv1.SearchEvent) { e.Bill.Policy.GeneratedTokens = -1 },
		"plan without a choice":  func(e *plannerv1.SearchEvent) { e.Plan.Choice = nil },
	} {
		good := EventToProto(planner.Event{
			Search: "s", First: 1, Sequence: 2, State: planner.StateFailed, Nodes: []planner.Node{{ID: "0", State: search.StateFailed}},
			Plan: &planner.Plan{Strategy: search.Greedy{}}, Outcome: &planner.Outcome{Stop: planner.StopError},
		})
		if _, err := eventFromProto(good); err != nil {
			t.Fatalf("a good event: %v", err)
		}
		bad := proto.Clone(good).(*plannerv1.SearchEvent)
		damage(bad)
		if _, err := eventFromProto(bad); !errors.Is(err, wire.ErrMalformed) {
			t.Errorf("%s: got %v, want ErrMalformed", name, err)
		}
	}
}

// Values that only newer planners have do not break events for older clients.
func TestEventsOfNewerPlanners(t *testing.T) {
	e := EventToProto(planner.Event{
		Search: "s", First: 1, Sequence: 2, State: planner.StateFailed, Nodes: []planner.Node{{ID: "0", State: search.StateFailed}},
		Plan: &planner.Plan{Strategy: search.Greedy{}}, Outcome: &planner.Outcome{Stop: planner.StopError},
	})
	e.Nodes[0].State, e.Outcome.StopReason, e.Plan.Strategy = 99, 99, &plannerv1.Strategy{}
	got, err := eventFromProto(e)
	if err != nil || got.Nodes[0].State != 99 || got.Outcome.Stop != 99 || got.Plan.Strategy != nil {
		t.Errorf("got %+v and error %v", got, err)
	}
}
