package telemetry

import (
	"context"
	"slices"

	"go.opentelemetry.io/otel/baggage"

	"github.com/ponder-mesh/ponder/internal/telemetry/names"
)

// WithStrategy returns ctx with the name of the strategy that the work is for, as a member of the baggage, which goes
// with the work to other processes.
func WithStrategy(ctx context.Context, strategy string) context.Context {
	return baggage.ContextWithBaggage(ctx, StrategyBaggage(baggage.FromContext(ctx), strategy))
}

// StrategyBaggage returns b with the name of the strategy that the work is for.
func StrategyBaggage(b baggage.Baggage, strategy string) baggage.Baggage {
	member, err := baggage.NewMemberRaw(names.Strategy, strategy)
	if err != nil {
		return b
	}
	if with, err := b.SetMember(member); err == nil {
		return with
	}
	alone, err := baggage.New(member) // b has as many members as there may be
	if err != nil {
		return b
	}
	return alone
}

// StrategyOf returns the strategy in the baggage of ctx as a value of names.LabelStrategy. Any client may have set the
// baggage: a name that is not known is names.StrategyOther.
func StrategyOf(ctx context.Context) string {
	return KnownStrategy(baggage.FromContext(ctx).Member(names.Strategy).Value())
}

// KnownStrategy returns name if it is the name of a strategy, and names.StrategyOther if it is not.
func KnownStrategy(name string) string {
	if slices.Contains(names.Strategies, name) || name == names.StrategyPlanned || name == names.StrategyEstimate {
		return name
	}
	return names.StrategyOther
}
