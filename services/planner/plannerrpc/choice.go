package plannerrpc

import (
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// ChoiceFromProto converts a Choice.
func ChoiceFromProto(in *plannerv1.Choice) (search.Choice, error) {
	pick, aggregator := in.GetPick(), in.GetAggregator()
	none := aggregator == reasoningv1.Aggregator_AGGREGATOR_UNSPECIFIED
	switch {
	case pick == plannerv1.Pick_PICK_MAJORITY && none:
		return search.Choice{}, nil
	case pick == plannerv1.Pick_PICK_MAJORITY:
		return search.Choice{}, reasoning.Invalid("choice.aggregator", "must be absent with PICK_MAJORITY, is %v", aggregator)
	case pick != plannerv1.Pick_PICK_MAX && pick != plannerv1.Pick_PICK_VOTE:
		return search.Choice{}, reasoning.Invalid("choice.pick", "must be PICK_MAX, PICK_VOTE or PICK_MAJORITY, is %v", pick)
	case none || reasoningv1.Aggregator_name[int32(aggregator)] == "":
		return search.Choice{}, reasoning.Invalid("choice.aggregator",
			"must be an aggregator with %v, is %v", pick, aggregator)
	}
	out := search.Choice{By: search.By(aggregator), Pick: search.PickMax}
	if pick == plannerv1.Pick_PICK_VOTE {
		out.Pick = search.PickVote
	}
	return out, nil
}

// ChoiceToProto is the inverse of ChoiceFromProto. The values of search.By are the numbers of
// the contract's Aggregator.
func ChoiceToProto(c search.Choice) *plannerv1.Choice {
	out := &plannerv1.Choice{Aggregator: reasoningv1.Aggregator(c.By), Pick: plannerv1.Pick_PICK_MAX}
	switch {
	case c.By == search.ByCount:
		out.Pick = plannerv1.Pick_PICK_MAJORITY
	case c.Pick == search.PickVote:
		out.Pick = plannerv1.Pick_PICK_VOTE
	}
	return out
}
