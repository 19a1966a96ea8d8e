package search

import "slices"

// A tally counts the votes of answers.
type tally struct {
	answers []string // keys, in the order of their first votes
	counts  []int    // votes of each
}

// count adds the vote of a sample, if it has an answer.
func (t *tally) count(tree *Tree, n *Node) {
	if n.Answer == "" {
		return
	}
	key := tree.Problem.key(n.Answer)
	i := slices.Index(t.answers, key)
	if i < 0 {
		i = len(t.answers)
		t.answers, t.counts = append(t.answers, key), append(t.counts, 0)
	}
	t.counts[i]++
}

// most returns the index of the answer with the most votes, ignoring index skip: the first on a
// tie, -1 if there is none.
func (t *tally) most(skip int) int {
	best := -1
	for i := range t.counts {
		if i != skip && (best < 0 || t.counts[i] > t.counts[best]) {
			best = i
		}
	}
	return best
}

// of returns the votes of answer i, 0 for answer -1.
func (t *tally) of(i int) int {
	if i < 0 {
		return 0
	}
	return t.counts[i]
}
