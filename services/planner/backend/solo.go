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

// A Soloed is a Memoed whose usage depends on its search alone, and not on the searches
// before or beside it.
type Soloed struct {
	*Memoed
	shared bool // policy and reward model have the same tokenizer and template

	mu       sync.Mutex
	paid     map[string]bool // prefixes with which a child was charged
	root     pathNode        // of the scored paths; its tokens are those of the problem, 0 unless shared
	all      int64           // tokens of the scored paths, each processed from its beginning
	once     int64           // tokens that each scored path has more than its parent; each child of root has the problem
	reported reasoning.Usage // sum of the usage that Score has returned
}

// Solo returns a backend that bills a search as if it ran alone, on engines that process no
// token twice within the search: the problem is processed once, as prompt tokens; text that
// the search has generated or scored is cached when a later request continues it; a path is
// scored once.
//
// The tokens that engines really process depend on their caches and on which of two siblings
// is first, so that a repeated search has another bill. A solo bill is a function of the
// search, and the sum of its prompt and cached tokens is what engines without caches would
// process. It serves to compare strategies; real costs are those of m itself.
//
// If policy and reward model have different tokenizers or templates, the tokens of the problem
// within a path are unknown; the reward model is then billed for the problem with each path
// that does not continue a scored path.
func Solo(m *Memoed) *Soloed {
	p, r := m.identity.Policy, m.identity.RewardModel
	shared := p.Tokenizer != "" && p.Tokenizer == r.Tokenizer && p.Template == r.Template
	return &Soloed{Memoed: m, paid: map[string]bool{}, shared: shared}
}

// Expand implements search.Backend. It bills no wasted tokens, which depend on timing: the
// generated tokens of a child are those in its steps.
func (s *Soloed) Expand(ctx context.Context, r policy.Request) iter.Seq2[policy.Child, error] {
	return func(yield func(policy.Child, error) bool) {
		prefix := fmt.Sprintf("%q %q %q", r.Problem, r.Attempts, r.Steps) // sampling does not change its tokens
		r.OnWaste = nil
		for c, err := range s.Memoed.Expand(ctx, r) {
			c = c.WithCost(reasoning.Cost{Usage: c.Cost().Used()})
			if err == nil {
				c.Usage.Generated = min(c.Usage.Generated, int64(reasoning.Tokens(c.Steps))) // 0 if the estimate paid for it (Memoed.Record)
				c.Usage, err = s.bill(ctx, c.Usage, prefix, r)
			} else {
				c.Usage = reasoning.Usage{}
			}
			if !yield(c, err) || err != nil {
				return
			}
		}
	}
}

// bill returns the usage of a child. The first child of a prefix is charged with the prefix, even
// if the engine has charged another. If the number of the prefix's tokens is not known by then,
// the first child for which it is known is charged.
func (s *Soloed) bill(
	ctx context.Context, u reasoning.Usage, prefix string, r policy.Request,
) (reasoning.Usage, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	own := reasoning.Usage{Generated: u.Generated}
	if !s.paid[prefix] {
		var p prefixed
		ok, err := load(ctx, s.store, readKey(s.prefixKey(r)), &p)
		if err != nil {
			return own, err
		}
		if charged := u.Prompt + u.Cached; !ok && charged > 0 { // older stores do not record prefixes
			p.Tokens, ok = charged, true
		}
		s.paid[prefix] = ok
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

// Score implements search.Backend.
func (s *Soloed) Score(ctx context.Context, r verifier.Request) (verifier.Result, error) {
	result, err := s.Memoed.Score(ctx, r)
	result = result.WithCost(reasoning.Cost{Usage: result.Cost().Used()})
	if err != nil || result.Usage == (reasoning.Usage{}) { // no usage: the path is billed to another call
		return result, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	path := &pathNode{steps: r.Steps, tokens: result.Usage.Verifier + result.Usage.Cached}
	if s.root.add(path, &s.once) {
		s.all += path.tokens
	}
	// The sum does not depend on the order of calls; each result has its change of the sum.
	sum := reasoning.Usage{Verifier: s.once + s.root.tokens*int64(1-len(s.root.children))}
	sum.Cached, sum.FLOPs = s.all-sum.Verifier, s.identity.RewardModel.FLOPs(sum.Verifier)
	result.Usage = reasoning.Usage{
		Verifier: sum.Verifier - s.reported.Verifier,
		Cached:   sum.Cached - s.reported.Cached,
		FLOPs:    sum.FLOPs - s.reported.FLOPs,
	}
	s.reported = sum
	return result, nil
}

// A pathNode is a scored path in a trie: its children are the scored paths that continue
// it.
type pathNode struct {
	steps    []string
	tokens   int64
	children []*pathNode
}

// add inserts p below n and adds to sum the tokens of p that its parent does not have; the
// root counts as a parent without tokens. It reports whether p is new; if not, it changes
// nothing.
func (n *pathNode) add(p *pathNode, sum *int64) bool {
	for _, c := range n.children {
		if hasPrefix(p.steps, c.steps) {
			return len(c.steps) < len(p.steps) && c.add(p, sum)
		}
	}
	above := n.tokens
	if len(n.steps) == 0 {
		above = 0
	}
	*sum += p.tokens - above
	n.children = slices.DeleteFunc(n.children, func(c *pathNode) bool {
		if !hasPrefix(c.steps, p.steps) {
			return false
		}
		*sum -= p.tokens - above
		p.children = append(p.children, c)
		return true
	})
	n.children = append(n.children, p)
	return true
}

// hasPrefix reports whether path begins with the steps of prefix.
func hasPrefix(path, prefix []string) bool {
	return len(path) >= len(prefix) && slices.Equal(path[:len(prefix)], prefix)
}
