package search

import (
	"context"
	"errors"
)

// A Strategy is a search algorithm with its parameters.
type Strategy interface {
	// Name returns the name of the algorithm, such as "beam".
	Name() string
	// Search grows t until the strategy is complete. It reads no clock, and draws random
	// numbers from t.Rand in program order: with the same problem, seed and results it
	// grows the same tree.
	Search(ctx context.Context, t *Tree) error
	// NeedsVerifier reports whether Search needs scores.
	NeedsVerifier() bool
	// Samples returns the expected cost in whole solutions.
	Samples() int
	// Validate returns a *reasoning.InvalidError for the first parameter that breaks a
	// rule.
	Validate() error
}

// Limits of the parameters of all strategies.
const (
	MaxN      = 4096
	MaxLevels = 256
)

// Run grows t with s, and stops the growths that s has not consumed when it returns. The tree
// is valid even if the error is not nil. Spending the whole budget is not an error: Run reports
// it by spent.
func Run(ctx context.Context, t *Tree, s Strategy) (spent bool, err error) {
	defer t.stopGrowths()
	err = s.Search(ctx, t)
	if errors.Is(err, ErrSpent) {
		return true, nil
	}
	return false, err
}

// endsSearch reports whether an error ends the whole search, and not only a part of it.
func endsSearch(ctx context.Context, err error) bool {
	return ctx.Err() != nil || errors.Is(err, ErrSpent)
}
