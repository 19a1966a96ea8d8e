package backend

import (
	"context"
	"fmt"
	"iter"
	"slices"
	"sync"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

// A Soloed is a Memoed with bills that do not depend on what ran before or beside.
type Soloed struct {
	*Memoed
	shared bool // the judge reads a problem as the policy does: as so many tokens

	mu   sync.Mutex
	read map[string]bool // prefixes that were paid
	root heard           // of the paths that were judged; its tokens are the problem's
	all  int64           // tokens of these paths, each read in full
	once int64           // of them, what is left after each path's longest judged beginning; the problem apart
	told reasoning.Usage // of the judge
}

// Solo bills a search as if it ran alone, on engines that read nothing twice within
// it: a problem is read once, as prompt; what the search wrote or judged before is
// cached where it goes on from there; a path is judged once.
//
// What engines really had to read depends on what their caches held, and on which
// of two siblings came first: a search that is replayed, or repeated after another
// one, costs another amount. This one is a function of the search, and Prompt +
// Cached is what engines without caches would read. It is for measuring strategies
// against each other; bills to pay are those of m itself.
//
// How much of a path is its problem is known if policy and judge have the same
// tokenizer and template; if not, a judge reads the problem again for each path that
// continues none that was judged.
func Solo(m *Memoed) *Soloed {
	p, j := m.identity.Policy, m.identity.RewardModel
	return &Soloed{Memoed: m, read: map[string]bool{}, shared: p.Tokenizer != "" && p.Tokenizer == j.Tokenizer && p.Template == j.Template}
}

// Expand implements search.World.
func (s *Soloed) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		prefix := fmt.Sprintf("%q %q %q", r.Problem, r.Attempts, r.Steps) // read the same way whatever the sampling
		for c, err := range s.Memoed.Expand(ctx, r) {
			if err == nil {
				c.Usage, err = s.bill(c.Usage, prefix, r)
			} else {
				c.Usage = reasoning.Usage{} // how much was written in vain is a matter of time
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// bill is what a child cost, with its prefix if that was not paid and is known: the
// child that an engine charges with it need not be the first to arrive.
func (s *Soloed) bill(u reasoning.Usage, prefix string, r policy.Request) (reasoning.Usage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := reasoning.Usage{Generated: u.Generated}
	if !s.read[prefix] {
		var p prefixed
		ok, err := load(s.store, readKey(s.prefixKey(r)), &p)
		if err != nil {
			return own, err
		}
		if told := u.Prompt + u.Cached; !ok && told > 0 { // recorded before prefixes were
			p.Tokens, ok = told, true
		}
		s.read[prefix] = ok
		if len(r.Attempts)+len(r.Steps) > 0 {
			own.Cached = p.Tokens
		} else {
			own.Prompt = p.Tokens
			if s.shared {
				s.root.tokens = p.Tokens
			}
		}
	}
	own.FLOPs = s.identity.Policy.FLOPs(own.Prompt + own.Generated)
	return own, nil
}

// Score implements search.World.
func (s *Soloed) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	result, err := s.Memoed.Score(ctx, r)
	if err != nil || result.Usage == (reasoning.Usage{}) { // free: somebody else had it judged
		return result, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if path := (&heard{steps: r.Steps, tokens: result.Usage.Verifier + result.Usage.Cached}); s.root.add(path, &s.once) {
		s.all += path.tokens
	}
	// The sum is right whatever came in which order; each result tells how it changed.
	sum := reasoning.Usage{Verifier: s.once + s.root.tokens*int64(1-len(s.root.kids))}
	sum.Cached, sum.FLOPs = s.all-sum.Verifier, s.identity.RewardModel.FLOPs(sum.Verifier)
	result.Usage = reasoning.Usage{
		Verifier: sum.Verifier - s.told.Verifier, Cached: sum.Cached - s.told.Cached, FLOPs: sum.FLOPs - s.told.FLOPs,
	}
	s.told = sum
	return result, nil
}

// A heard is a path that was judged, with those below it that begin with it.
type heard struct {
	steps  []string
	tokens int64
	kids   []*heard
}

// add puts a path in its place below h and adds to sum what is read for it: the
// tokens that its parent does not have. At the root that is all of them. A path that
// is there already changes nothing.
func (h *heard) add(p *heard, sum *int64) bool {
	for _, k := range h.kids {
		if begins(p.steps, k.steps) {
			return len(k.steps) < len(p.steps) && k.add(p, sum)
		}
	}
	above := h.tokens
	if len(h.steps) == 0 {
		above = 0
	}
	*sum += p.tokens - above
	h.kids = slices.DeleteFunc(h.kids, func(k *heard) bool {
		if !begins(k.steps, p.steps) {
			return false
		}
		*sum -= p.tokens - above
		p.kids = append(p.kids, k)
		return true
	})
	h.kids = append(h.kids, p)
	return true
}

func begins(path, with []string) bool {
	return len(path) >= len(with) && slices.Equal(path[:len(with)], with)
}
