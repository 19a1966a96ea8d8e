package planner

import (
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/journal"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// Kinds of the entries in the log of a search, in the order in which they are written. The body of
// an answer is that of backend.Answer.Encode, the others are JSON.
const (
	kindAccepted = "accepted" // once
	kindClaimed  = "claimed"  // each time that a planner resumes the search
	kindModels   = "models"
	kindSample   = "sample"   // of the estimate, each
	kindEstimate = "estimate" // the final one
	kindPlan     = "plan"
	kindAnswer   = "answer" // each
	kindEnded    = "ended"
)

// An acceptedRecord is the request of a search with its defaults.
type acceptedRecord struct {
	ID      string
	Created time.Time
	Trace   map[string]string `json:",omitempty"` // trace context and baggage of the caller, as headers
	Request requestRecord
}

// A requestRecord is a Request. Its own Strategy and Choice stand for those of the Request, which
// JSON cannot represent.
type requestRecord struct {
	Request
	Strategy *strategyRecord
	Choice   *string
}

// A strategyRecord is a strategy as text.
type strategyRecord struct {
	Arm string
	N   int
}

// A claimedRecord is the beginning of an epoch.
type claimedRecord struct{ Epoch int64 }

// A modelsRecord holds the models that a search uses to its end.
type modelsRecord struct {
	Policy      reasoning.Model
	RewardModel *verifier.RewardModel
	Degraded    []string

	// What the models can do: a plan depends on it.
	Capabilities policy.Capabilities   `json:",omitzero"` // of Policy
	Scores       verifier.Capabilities `json:",omitzero"` // of RewardModel
}

// newModelsRecord returns the record of a search's models.
func newModelsRecord(m models) modelsRecord {
	r := modelsRecord{
		Policy: m.policy.Model, RewardModel: m.rewardModel, Degraded: m.degraded, Capabilities: m.policy.Capabilities,
	}
	if m.rewardModel != nil {
		r.Scores = m.rewardModel.Capabilities
	}
	return r
}

// models returns the models of the record, without profile and format.
func (r modelsRecord) models() models {
	m := models{policy: policy.Model{Model: r.Policy, Capabilities: r.Capabilities}, degraded: r.Degraded}
	if r.RewardModel != nil {
		rewardModel := *r.RewardModel
		rewardModel.Capabilities = r.Scores
		m.rewardModel = &rewardModel
	}
	return m
}

// A planRecord is a Plan, in the way of a requestRecord.
type planRecord struct {
	Plan
	Strategy strategyRecord
	Choice   string
}

// An endedRecord is the end of a search.
type endedRecord struct {
	State   State
	Ended   time.Time
	Bill    reasoning.Bill
	Nodes   int
	Outcome Outcome // without Err and the nodes of candidates
	Error   *errorRecord
}

// An errorRecord is an error.
type errorRecord struct {
	Kind         reasoning.Kind
	Reason, Text string
}

// recordRequest returns the record of a request.
func recordRequest(r Request) requestRecord {
	out := requestRecord{Request: r}
	if r.Strategy != nil {
		s := recordStrategy(r.Strategy)
		out.Strategy = &s
	}
	if r.Choice != nil {
		name := r.Choice.String()
		out.Choice = &name
	}
	return out
}

// request is the inverse of recordRequest.
func (r requestRecord) request() (Request, error) {
	out := r.Request
	var err error
	if r.Strategy != nil {
		if out.Strategy, err = r.Strategy.strategy(); err != nil {
			return out, err
		}
	}
	if r.Choice != nil {
		choice, err := search.ParseChoice(*r.Choice)
		if err != nil {
			return out, err
		}
		out.Choice = &choice
	}
	return out, nil
}

// recordStrategy returns the record of a strategy.
func recordStrategy(s search.Strategy) strategyRecord {
	arm, n := strategies.Arm(s)
	return strategyRecord{arm, n}
}

// strategy is the inverse of recordStrategy.
func (s strategyRecord) strategy() (search.Strategy, error) { return strategies.Parse(s.Arm, s.N) }

// recordPlan returns the record of a plan.
func recordPlan(p Plan) planRecord {
	return planRecord{Plan: p, Strategy: recordStrategy(p.Strategy), Choice: p.Choice.String()}
}

// plan is the inverse of recordPlan.
func (r planRecord) plan() (Plan, error) {
	out := r.Plan
	var err error
	if out.Strategy, err = r.Strategy.strategy(); err != nil {
		return out, err
	}
	out.Choice, err = search.ParseChoice(r.Choice)
	return out, err
}

// recordEnd returns the record of the end of a search.
func recordEnd(final State, ended time.Time, bill reasoning.Bill, nodes int, o Outcome) endedRecord {
	out := endedRecord{State: final, Ended: ended, Bill: bill, Nodes: nodes, Outcome: o}
	if o.Err != nil {
		out.Error = &errorRecord{Text: o.Err.Error()}
		if e := reasoning.Classify(o.Err); e != nil {
			out.Error.Kind, out.Error.Reason = e.Kind(), e.Reason()
		}
	}
	out.Outcome.Err = nil
	out.Outcome.Candidates = nil
	for _, c := range o.Candidates {
		c.Node = nil
		out.Outcome.Candidates = append(out.Outcome.Candidates, c)
	}
	return out
}

// outcome returns the outcome of an ended search, without the nodes of candidates.
func (r endedRecord) outcome() Outcome {
	out := r.Outcome
	if r.Error != nil {
		out.Err = errors.New(r.Error.Text)
		if r.Error.Reason != "" {
			out.Err = reasoning.NewError(r.Error.Kind, r.Error.Reason, r.Error.Text)
		}
	}
	return out
}

// entryOf returns the entry of a record.
func entryOf(kind string, record any) (journal.Entry, error) {
	body, err := json.Marshal(record)
	if err != nil {
		return journal.Entry{}, fmt.Errorf("entry %q of the journal: %w", kind, err)
	}
	return journal.Entry{Kind: kind, Body: body}, nil
}

// A history is what the log of a search says.
type history struct {
	accepted acceptedRecord
	request  Request
	epoch    int64         // in which the search was last run, from 1
	models   *modelsRecord // nil: not decided, as are the next two
	estimate *difficulty.Estimate
	plan     *Plan
	answers  []backend.Answer
	ended    *endedRecord // nil: it has not ended
}

// readHistory returns the history of a log. It returns journal.ErrNewer if it does not know an
// entry, and journal.ErrCorrupt if it cannot read one.
func readHistory(records []journal.Record) (history, error) {
	h := history{epoch: 1}
	var samples []policy.Child
	for i, r := range records {
		for _, e := range r.Entries {
			if err := h.read(e, &samples); err != nil {
				return h, fmt.Errorf("record %d: %w", i+1, err)
			}
		}
	}
	if h.accepted.ID == "" {
		return h, fmt.Errorf("%w: it does not begin with a request", journal.ErrCorrupt)
	}
	return h, nil
}

// read adds an entry to the history. samples are those of the estimate.
func (h *history) read(e journal.Entry, samples *[]policy.Child) (err error) {
	switch e.Kind {
	case kindAccepted:
		if err = json.Unmarshal(e.Body, &h.accepted); err == nil {
			h.request, err = h.accepted.Request.request()
		}
	case kindClaimed:
		var c claimedRecord
		err = json.Unmarshal(e.Body, &c)
		h.epoch = max(h.epoch, c.Epoch)
		if h.estimate == nil { // the estimate begins again
			*samples = nil
		}
	case kindModels:
		h.models = &modelsRecord{}
		err = json.Unmarshal(e.Body, h.models)
	case kindSample:
		var c policy.Child
		err = json.Unmarshal(e.Body, &c)
		*samples = append(*samples, c)
	case kindEstimate:
		h.estimate = &difficulty.Estimate{}
		err = json.Unmarshal(e.Body, h.estimate)
		h.estimate.New = *samples
	case kindPlan:
		var p planRecord
		if err = json.Unmarshal(e.Body, &p); err == nil {
			var plan Plan
			plan, err = p.plan()
			h.plan = &plan
		}
	case kindAnswer:
		var a backend.Answer
		a, err = backend.DecodeAnswer(e.Body)
		h.answers = append(h.answers, a)
	case kindEnded:
		h.ended = &endedRecord{}
		err = json.Unmarshal(e.Body, h.ended)
	default:
		return fmt.Errorf("%w: entry %q", journal.ErrNewer, e.Kind)
	}
	if err != nil {
		return fmt.Errorf("%w: entry %q: %v", journal.ErrCorrupt, e.Kind, err)
	}
	return nil
}
