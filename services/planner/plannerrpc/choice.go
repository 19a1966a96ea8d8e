package plannerrpc

import (
	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// choices pairs the wire's choices with the domain's.
var choices = map[plannerv1.Choice]search.Choice{
	plannerv1.Choice_CHOICE_MAJORITY:       {},
	plannerv1.Choice_CHOICE_MIN_MAX:        {By: search.ByMin},
	plannerv1.Choice_CHOICE_MIN_VOTE:       {By: search.ByMin, Vote: true},
	plannerv1.Choice_CHOICE_LAST_MAX:       {By: search.ByLast},
	plannerv1.Choice_CHOICE_LAST_VOTE:      {By: search.ByLast, Vote: true},
	plannerv1.Choice_CHOICE_AVG_MAX:        {By: search.ByAvg},
	plannerv1.Choice_CHOICE_AVG_VOTE:       {By: search.ByAvg, Vote: true},
	plannerv1.Choice_CHOICE_PROD_MAX:       {By: search.ByProd},
	plannerv1.Choice_CHOICE_PROD_VOTE:      {By: search.ByProd, Vote: true},
	plannerv1.Choice_CHOICE_ORM_MAX:        {By: search.ByORM},
	plannerv1.Choice_CHOICE_ORM_VOTE:       {By: search.ByORM, Vote: true},
	plannerv1.Choice_CHOICE_CERTAINTY_MAX:  {By: search.Certainty},
	plannerv1.Choice_CHOICE_CERTAINTY_VOTE: {By: search.Certainty, Vote: true},
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
