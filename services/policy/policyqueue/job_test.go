package policyqueue

import (
	"context"
	"errors"
	"slices"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// Events at a job with children 0 and 1 lead to this state. A cancel then reports whether the
// message and attempts have to be removed, and a claim gets these missing children.
func TestEventsLeadToStates(t *testing.T) {
	first := origin{"1", policy.Start{Worker: "a", Attempt: 1}}
	second := origin{"1", policy.Start{Worker: "b", Attempt: 2}}
	earlier := origin{"0", first.start} // at a cancelled job of the same name
	claim := func(from origin) func(*job) { return func(j *job) { j.claim(from, "", 4) } }
	child := func(ordinal int, from origin) func(*job) {
		return func(j *job) { j.take(from, policy.Child{Ordinal: ordinal}) }
	}
	report := func(from origin) func(*job) { return func(j *job) { j.report(from, protocol.Stopped{}, 4) } }
	fail := func(j *job) { j.fail(errors.New("failed")) }
	cancel := func(j *job) { j.cancel() }
	type events []func(*job)
	again := events{claim(second), child(0, second), child(1, second)}
	both := events{claim(first), child(1, first), child(0, first)}
	for _, c := range []struct {
		name    string
		events  events
		state   jobState
		remove  bool
		missing []int
	}{
		{"published", nil, jobStatePublished, true, []int{0, 1}},
		{"cancelled in the queue", events{cancel}, jobStateClosed, false, nil},
		{"claimed", events{claim(first)}, jobStateClaimed, true, []int{0, 1}},
		{"one child", events{claim(first), child(1, first)}, jobStateClaimed, true, []int{0}},
		{"complete", both, jobStateClosed, false, nil},
		{"complete, and claimed again", append(slices.Clone(both), claim(second)), jobStateClosed, false, nil},
		{"claimed again", events{claim(first), claim(second)}, jobStateContested, true, []int{0, 1}},
		{"claimed again, and complete", append(events{claim(first)}, again...), jobStateObsolete, true, nil},
		{"completed by two attempts", events{claim(second), child(0, first), child(1, second)}, jobStateObsolete, true, nil},
		{"child from an attempt for an earlier client", events{child(0, first)}, jobStatePublished, true, []int{1}},
		{"all children from such an attempt", events{child(0, first), child(1, first)}, jobStateObsolete, true, nil},
		{"same child again", events{claim(first), child(0, first), child(0, second)}, jobStateClaimed, true, []int{1}},
		{
			"all children from an attempt at an earlier job",
			events{claim(first), child(0, earlier), child(1, earlier)}, jobStateObsolete, true, nil,
		},
		{"claimant stopped", events{claim(first), report(first)}, jobStatePublished, true, []int{0, 1}},
		{"another attempt stopped", events{claim(first), report(second)}, jobStateClaimed, true, []int{0, 1}},
		{"failed", events{claim(first), fail}, jobStateObsolete, true, nil},
		{"failed, claimed and cancelled", events{claim(first), fail, claim(second), cancel}, jobStateClosed, false, nil},
		{"cancelled", events{claim(first), cancel}, jobStateCancelling, false, nil},
		{"cancelled, claimed again", events{claim(first), cancel, claim(second)}, jobStateCancelling, false, nil},
		{"cancelled, reported", events{claim(first), cancel, child(0, first), report(first)}, jobStateClosed, false, nil},
		{"cancelled, complete", events{claim(first), cancel, child(0, first), child(1, first)}, jobStateClosed, false, nil},
	} {
		j := newJob(newExpansion(2), request("s", 2), "j", "1")
		for _, event := range c.events {
			event(j)
		}
		if j.state != c.state || !slices.Equal(j.ordinals(), c.missing) {
			t.Errorf("%s: state %v with missing children %v, want %v with %v", c.name, j.state, j.ordinals(), c.state, c.missing)
		}
		if got := j.cancel(); got != c.remove {
			t.Errorf("%s: cancel returns %v, want %v", c.name, got, c.remove)
		}
	}
}

// No event leads out of jobStateClosed, or from jobStateCancelling to another state than
// jobStateClosed. A cancel and a final report close a job in every state.
func TestCancelledJobsAreClosed(t *testing.T) {
	for e := range jobEvents {
		if got := jobTransitions[jobStateClosed][e]; got != jobStateClosed {
			t.Errorf("event %d leads from jobStateClosed to %d", e, got)
		}
		if got := jobTransitions[jobStateCancelling][e]; got != jobStateClosed && got != jobStateCancelling {
			t.Errorf("event %d leads from jobStateCancelling to %d", e, got)
		}
	}
	for state := range jobTransitions {
		after := jobTransitions[jobTransitions[state][jobEventCancel]]
		if got := after[jobEventReport]; got != jobStateClosed {
			t.Errorf("state %d: a cancel and a final report lead to %d, want jobStateClosed", state, got)
		}
	}
}

// Every missing child is yielded once, every usage is billed, and a failure counts while a
// child is missing.
func TestExpansionGetsEachUpdateOnce(t *testing.T) {
	e := newExpansion(1)
	j := newJob(e, request("s", 1), "j", "1")
	from := origin{"1", policy.Start{Worker: "a", Attempt: 1}}
	if got := j.claim(from, "one", 4); got != "" {
		t.Errorf("the attempt before the first is %q, want none", got)
	}
	if got := j.claim(from, "two", 4); got != "one" {
		t.Errorf("the attempt before the second is %q, want one", got)
	}
	j.report(from, protocol.Stopped{Wasted: reasoning.Waste{Failed: reasoning.Usage{Generated: 3}}}, 4)
	j.fail(context.Canceled)
	child := policy.Child{Usage: reasoning.Usage{Generated: 5}}
	j.take(from, child)
	j.take(from, child) // sent again, as the reply was lost
	other := origin{"1", policy.Start{Worker: "b", Attempt: 2}}
	j.take(other, child) // generated twice
	j.take(other, child)
	j.fail(context.Canceled) // no child is missing
	var starts, children, errs int
	var wasted reasoning.Waste
	for _, u := range e.take() {
		switch {
		case u.start != nil:
			starts++
		case u.wasted != nil:
			wasted = wasted.Add(u.wasted.Waste)
		case u.err != nil:
			errs++
		default:
			children++
		}
	}
	want := reasoning.Waste{Failed: reasoning.Usage{Generated: 3}, Lost: reasoning.Usage{Generated: 5}}
	if starts != 2 || wasted != want || children != 1 || errs != 1 {
		t.Errorf("got %d starts, waste %+v, %d children, %d errors; want 2, %+v, 1, 1", starts, wasted, children, errs, want)
	}
}
