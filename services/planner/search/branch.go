package search

import (
	"cmp"
	"context"
	"slices"
	"sync"
)

// A Branch is a part of a search that runs concurrently with others, such as a subtree of DVTS.
type Branch struct {
	Context context.Context // of the branch's growths
	End     func()          // reports that the branch grows no more; is called once
}

// Divide returns n branches of b, which share ctx if b is not a Ledger.
func Divide(ctx context.Context, b Backend, n int) []Branch {
	if ledger, ok := b.(Ledger); ok {
		return ledger.Divide(ctx, n)
	}
	return Undivided(ctx, n)
}

// Undivided returns n branches that share ctx, as there is no budget.
func Undivided(ctx context.Context, n int) []Branch {
	return slices.Repeat([]Branch{{Context: ctx, End: func() {}}}, n)
}

// runBranches divides a search into n branches. It calls start for the first growth of each,
// in order, and then grow for each, concurrently. A branch that fails does not end the others: it
// counts as a fault of the tree, unless all fail.
func runBranches(
	ctx context.Context, t *Tree, n int, start func(context.Context) *Growth, grow func(context.Context, *Growth) error,
) error {
	parts := Divide(ctx, t.Backend, n)
	var first []*Growth
	for _, b := range parts {
		first = append(first, start(b.Context))
	}
	errs := make([]error, n)
	var branches sync.WaitGroup
	for i, b := range parts {
		branches.Go(func() {
			defer b.End()
			errs[i] = grow(b.Context, first[i])
		})
	}
	branches.Wait()
	failed := slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	for _, err := range failed {
		if endsSearch(ctx, err) {
			return err
		}
	}
	if len(failed) == n {
		return cmp.Or(failed...)
	}
	for _, err := range failed {
		t.fault("some branches failed: %v", err)
	}
	return nil
}
