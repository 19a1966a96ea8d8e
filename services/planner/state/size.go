package state

import "github.com/ponder-mesh/ponder/reasoning"

// Upper bounds of the encoded size of each message without its texts, whose lengths the
// functions below add.
const (
	searchSize    = 1024
	nodeSize      = 128
	stepSize      = 64
	planSize      = 512
	outcomeSize   = 256
	candidateSize = 64
	noticeSize    = 64
	estimateSize  = 512
	eventSize     = 1024 // of an event without nodes, estimate, plan, notices and outcome
)

// Bytes returns an upper bound of the encoded size of s.
func (s Search) Bytes() int {
	n := searchSize + len(s.ID) + len(s.Request.Problem) + len(s.Request.Tenant)
	if s.Request.Thinking != nil {
		n += len(s.Request.Thinking.Wait)
	}
	if s.Estimate != nil {
		n += estimateSize + len(s.Estimate.Label)
	}
	if s.Plan != nil {
		n += s.Plan.bytes()
	}
	if s.Outcome != nil {
		n += s.Outcome.bytes()
	}
	return n
}

// Bytes returns an upper bound of the encoded size of n.
func (n Node) Bytes() int {
	return nodeSize + len(n.ID) + len(n.Parent) + len(n.Answer) + len(n.Reason) + stepBytes(n.Steps)
}

func stepBytes(steps []reasoning.Step) (n int) {
	for _, s := range steps {
		n += stepSize + len(s.Text)
	}
	return n
}

func (p Plan) bytes() int {
	n := planSize + len(p.Reason) + len(p.Profile) + len(p.Bin)
	for _, m := range []reasoning.Model{p.Policy, p.RewardModel} {
		n += len(m.Name) + len(m.Version) + len(m.Tokenizer) + len(m.Template)
	}
	return n
}

func (o Outcome) bytes() int {
	n := outcomeSize + len(o.Answer) + len(o.Node) + len(o.Solution)
	for _, c := range o.Candidates {
		n += candidateSize + len(c.Answer)
	}
	for _, d := range o.Degraded {
		n += len(d)
	}
	if o.Err != nil {
		n += len(o.Err.Error())
	}
	return n
}
