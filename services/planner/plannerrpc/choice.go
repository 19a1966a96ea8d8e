package plannerrpc

import (
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// choices pairs the wire's choices with the domain's.
var choices = map[plannerv1.Choice]search.Choice{
	plannerv1.Choice_CHOICE_MAJORITY:       {},
	plannerv1.Choice_CHOICE_MIN_MAX:        {By: search.ByMin, Pick: search.PickMax},
	plannerv1.Choice_CHOICE_MIN_VOTE:       {By: search.ByMin, Pick: search.PickVote},
	plannerv1.Choice_CHOICE_LAST_MAX:       {By: search.ByLast, Pick: search.PickMax},
	plannerv1.Choice_CHOICE_LAST_VOTE:      {By: search.ByLast, Pick: search.PickVote},
	plannerv1.Choice_CHOICE_AVG_MAX:        {By: search.ByAvg, Pick: search.PickMax},
	plannerv1.Choice_CHOICE_AVG_VOTE:       {By: search.ByAvg, Pick: search.PickVote},
	plannerv1.Choice_CHOICE_PROD_MAX:       {By: search.ByProd, Pick: search.PickMax},
	plannerv1.Choice_CHOICE_PROD_VOTE:      {By: search.ByProd, Pick: search.PickVote},
	plannerv1.Choice_CHOICE_ORM_MAX:        {By: search.ByORM, Pick: search.PickMax},
	plannerv1.Choice_CHOICE_ORM_VOTE:       {By: search.ByORM, Pick: search.PickVote},
	plannerv1.Choice_CHOICE_CERTAINTY_MAX:  {By: search.ByCertainty, Pick: search.PickMax},
	plannerv1.Choice_CHOICE_CERTAINTY_VOTE: {By: search.ByCertainty, Pick: search.PickVote},
}

// ChoiceFromProto reads a Choice; CHOICE_UNSPECIFIED is none.
func ChoiceFromProto(c plannerv1.Choice) (search.Choice, error) {
	choice, ok := choices[c]
	if !ok {
		return choice, unknown("choice", c)
	}
	return choice, nil
}

// ChoiceToProto writes a choice.
func ChoiceToProto(c search.Choice) plannerv1.Choice {
	for wire, choice := range choices {
		if choice == c {
			return wire
		}
	}
	return plannerv1.Choice_CHOICE_UNSPECIFIED
}
