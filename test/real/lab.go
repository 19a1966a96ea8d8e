//go:build real

package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/ponder-mesh/ponder/answer"
	"github.com/ponder-mesh/ponder/internal/stats"
	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/lab/problemset"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/backend"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/verifier"
)

const seed = 20261122

// A lab is the state that the parts share.
type lab struct {
	options
	store   *backend.File // results of earlier runs
	servers []*server
	models  []evidence.Identity
}

func openLab(o options) (*lab, error) {
	for _, file := range []string{"llama-server", qwenFile} {
		if _, err := os.Stat(filepath.Join(o.cache, file)); err != nil {
			return nil, fmt.Errorf("%w: run test/real/fetch.sh all", err)
		}
	}
	// The name is that of earlier versions, whose caches stay valid.
	store, err := backend.OpenFile(filepath.Join(o.cache, "real-said.jsonl"))
	return &lab{options: o, store: store}, err
}

func (l *lab) close() {
	for _, s := range l.servers {
		s.stop()
	}
	l.store.Close()
}

func digest(file string) (string, error) {
	f, err := os.Open(file)
	if err != nil {
		return "", err
	}
	defer f.Close()
	h := sha256.New()
	_, err = io.Copy(h, f)
	return fmt.Sprintf("%x", h.Sum(nil)), err
}

// pair combines a policy and a verifier to a search.Backend.
type pair struct {
	policy.Policy
	verifier.Verifier
}

// backend returns a backend of the policy and the verifier, which may be nil. The store
// records its results.
func (l *lab) backend(
	ctx context.Context, p policy.Policy, v verifier.Verifier,
) (search.Backend, backend.Identity, error) {
	id := backend.Identity{Tenant: "real"}
	var err error
	if id.Policy, err = p.Model(ctx); err != nil {
		return nil, id, err
	}
	if v != nil {
		if id.RewardModel, err = v.RewardModel(ctx); err != nil {
			return nil, id, err
		}
	}
	return backend.Memo(backend.Retry(pair{p, v}, backend.Backoff{}), l.store, id), id, nil
}

// A trial is a strategy with the choices to make from its tree.
type trial struct {
	name     string // in the table
	n        int    // N of the strategy
	strategy search.Strategy
	choices  []search.Choice
}

// A row is one line of a table: the accuracy of a strategy and a choice.
type row struct {
	Strategy string          `json:"strategy"`
	N        int             `json:"n"`
	Choice   string          `json:"choice"`
	Accuracy stats.Interval  `json:"accuracy"`
	Versus   *stats.Interval `json:"versus_majority,omitempty"` // difference to majority at this N, same problems
	Tokens   float64         `json:"generated_tokens"`          // mean per problem
	Unended  float64         `json:"unended"`                   // share of samples that a limit cut
	right    []float64
}

// trials runs all trials on all problems and reports the progress on stderr.
func (l *lab) trials(
	ctx context.Context, what string, w search.Backend, id backend.Identity,
	problems []problemset.Problem, sampling reasoning.Sampling, trials []trial,
) ([]row, error) {
	var rows []row
	for _, t := range trials {
		for _, c := range t.choices {
			rows = append(rows, row{Strategy: t.name, N: t.n, Choice: c.String()})
		}
		if t.strategy.Name() == "best-of-n" { // the accuracy of a perfect choice
			rows = append(rows, row{Strategy: t.name, N: t.n, Choice: "oracle"})
		}
	}
	for i, p := range problems {
		next := 0
		for _, t := range trials {
			meter := backend.Meter(w, backend.Budget{}, id.Policy, id.RewardModel.Model)
			tree := search.New(meter, search.Problem{
				Tenant: "real", Search: fmt.Sprintf("%s-%d", what, i), Text: p.Text, Seed: reasoning.Seed(seed).Child(i),
				Sampling: sampling, Aggregator: id.RewardModel.Aggregator, Extract: answer.Extract, Key: answer.Key,
			})
			if _, err := search.Run(ctx, tree, search.Exhaustive(t.strategy)); err != nil {
				return nil, fmt.Errorf("problem %d, %s: %w", i, t.name, err)
			}
			if l.show {
				show(t.name, tree, p)
			}
			tally := tallyOf(tree, p, float64(meter.Bill().Policy.Generated))
			for _, c := range t.choices {
				right, err := rightAnswer(tree, c, p)
				if err != nil {
					return nil, err
				}
				rows[next].add(right, tally)
				next++
			}
			if next < len(rows) && rows[next].Choice == "oracle" && rows[next].Strategy == t.name {
				rows[next].add(tally.oracle, tally)
				next++
			}
		}
		fmt.Fprintf(os.Stderr, "\r%s %d/%d ", what, i+1, len(problems))
		for _, r := range rows {
			fmt.Fprintf(os.Stderr, " %s-%d/%s %.0f%%", r.Strategy, r.N, r.Choice, 100*mean(r.right))
		}
	}
	fmt.Fprintln(os.Stderr)
	return finish(rows)
}

// show prints the leaves of a tree and the reference answer.
func show(name string, t *search.Tree, p problemset.Problem) {
	fmt.Printf("\n%s: %s [%s]\n", name, p.Text, p.Answer)
	for n := range t.Nodes() {
		if !n.Open() {
			fmt.Printf("  %v %.2f %q\n", n.Finish, n.Scores, reasoning.Texts(n.Path()))
		}
	}
}

// A tally holds the figures of a tree that do not depend on a choice.
type tally struct{ tokens, unended, oracle float64 }

func tallyOf(t *search.Tree, p problemset.Problem, tokens float64) tally {
	y := tally{tokens: tokens}
	leaves := 0.0
	for n := range t.Nodes() {
		if n.Open() {
			continue
		}
		leaves++
		if !n.Done() {
			y.unended++
		} else if got, ok := answer.Extract(reasoning.Join(n.Path())); ok && answer.Correct(got, p.Answer) {
			y.oracle = 1
		}
	}
	if leaves > 0 {
		y.unended /= leaves
	}
	return y
}

// rightAnswer returns 1 if the choice's first answer is right, otherwise 0.
func rightAnswer(t *search.Tree, c search.Choice, p problemset.Problem) (float64, error) {
	ranked, err := c.Rank(slices.Collect(t.Solutions()), answer.Key)
	if err != nil && !c.NeedsScores() {
		return 0, err
	}
	if err != nil { // no solution has a score: no answer
		return 0, nil
	}
	if len(ranked) > 0 && answer.Correct(ranked[0].Answer, p.Answer) {
		return 1, nil
	}
	return 0, nil
}

func (r *row) add(right float64, t tally) {
	r.right = append(r.right, right)
	r.Tokens += t.tokens
	r.Unended += t.unended
}

// finish computes the means and the intervals of the sums.
func finish(rows []row) ([]row, error) {
	for i := range rows {
		r := &rows[i]
		k := 0
		for _, x := range r.right {
			k += int(x)
		}
		n := float64(len(r.right))
		r.Accuracy = stats.Wilson(k, len(r.right))
		r.Tokens, r.Unended = r.Tokens/n, r.Unended/n
		j := slices.IndexFunc(rows, func(m row) bool { return m.Strategy == "majority" && m.N == r.N })
		if j < 0 || rows[j].Strategy == r.Strategy {
			continue
		}
		versus, err := stats.PairedBootstrap(r.right, rows[j].right, seed)
		if err != nil {
			return nil, errors.Join(err)
		}
		r.Versus = &versus
	}
	return rows, nil
}

func mean(xs []float64) float64 {
	sum := 0.0
	for _, x := range xs {
		sum += x
	}
	return sum / max(1, float64(len(xs)))
}
