package policyqueue

import (
	"cmp"
	"context"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policyqueue/protocol"
)

// Describe returns a policy whose Model is completed by what the workers announce, and whose Expand
// is that of p.
//
// The capabilities are what all live workers have that are ready, as a job may run on any of them.
// While there is none, they are those of the last announcement of such a worker, which outlives it.
// Where there never was one, they are what the live workers know.
//
// Model sends no request to NATS. It waits, at most natsTimeout, until Run has read the
// announcements for the first time.
func (r *Roster) Describe(p policy.Policy) policy.Policy { return described{p, r} }

// described is the policy that Describe returns.
type described struct {
	policy.Policy
	roster *Roster
}

// Model implements policy.Policy.
func (d described) Model(ctx context.Context) (policy.Model, error) {
	model, err := d.Policy.Model(ctx)
	if err != nil {
		return model, err
	}
	wait := time.NewTimer(natsTimeout)
	defer wait.Stop()
	select {
	case <-d.roster.first:
	case <-wait.C: // nothing is known
	case <-ctx.Done():
		return model, context.Cause(ctx)
	}
	return d.roster.complete(model), nil
}

// Settle implements policy.Settler, if the policy that is described does.
func (d described) Settle(ctx context.Context, search string) (unknown reasoning.Usage) {
	if s, ok := d.Policy.(policy.Settler); ok {
		return s.Settle(ctx, search)
	}
	return reasoning.Usage{}
}

// complete returns a model with what the announcements add to it. Fields of the identity in which
// the workers differ stay empty.
func (r *Roster) complete(m policy.Model) policy.Model {
	all := r.describing()
	if len(all) == 0 {
		return m
	}
	announced := policy.Model{Model: all[0].Model, Capabilities: all[0].Capabilities}
	for _, a := range all[1:] {
		announced.Model = common(announced.Model, a.Model)
		announced.Capabilities = announced.Capabilities.And(a.Capabilities)
	}
	return policy.Model{Model: filled(m.Model, announced.Model), Capabilities: announced.Capabilities}
}

// describing returns the announcements that describe the model now.
func (r *Roster) describing() []protocol.Announcement {
	r.mu.Lock()
	defer r.mu.Unlock()
	var ready, live []protocol.Announcement
	for _, w := range r.workers {
		live = append(live, w.Announcement)
		if w.Available() {
			ready = append(ready, w.Announcement)
		}
	}
	switch {
	case len(ready) > 0:
		return ready
	case r.last != nil:
		return []protocol.Announcement{*r.last}
	}
	return live
}

// common returns the identity in which two models agree.
func common(a, b reasoning.Model) reasoning.Model {
	equal := func(x, y string) string {
		if x != y {
			return ""
		}
		return x
	}
	both := reasoning.Model{
		Name: equal(a.Name, b.Name), Version: equal(a.Version, b.Version),
		Tokenizer: equal(a.Tokenizer, b.Tokenizer), Template: equal(a.Template, b.Template),
	}
	if a.Parameters == b.Parameters {
		both.Parameters = a.Parameters
	}
	return both
}

// filled returns m with the fields of other where those of m are empty.
func filled(m, other reasoning.Model) reasoning.Model {
	return reasoning.Model{
		Name: cmp.Or(m.Name, other.Name), Version: cmp.Or(m.Version, other.Version),
		Tokenizer: cmp.Or(m.Tokenizer, other.Tokenizer), Template: cmp.Or(m.Template, other.Template),
		Parameters: cmp.Or(m.Parameters, other.Parameters),
	}
}
