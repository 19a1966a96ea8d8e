package difftest

import (
	"crypto/sha256"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/verifier"
)

var update = flag.Bool("update", false, "update the summaries in testdata")

// references names the files of expected trees.
var references = []string{"rebase", "dvts", "beam", "narrow", "particles"}

// every is the number of trees of which one is compared: 1, or more with the race detector.
var every = 1

// strategy returns the strategy of a setting.
func (s *setting) strategy() search.Strategy {
	switch s.name {
	case "rebase":
		return search.Rebase{N: s.int("n"), Balance: s.float("balance"), Exact: true, MaxLevels: 40}
	case "dvts":
		return search.DVTS{N: s.int("n"), M: s.int("m"), K: s.int("k"), MaxLevels: s.int("levels")}
	case "beam":
		return search.Beam{N: s.int("n"), M: s.int("m"), MaxLevels: s.int("levels"), Dedupe: s.params["dedupe"] == "true"}
	case "narrow":
		return search.Beam{N: s.int("n"), M: s.int("m"), MaxLevels: 40, Narrow: true}
	case "particles", "gibbs":
		return search.Particles{N: s.int("n"), Iterations: s.int("iterations"), Temperature: 1, MaxLevels: 40}
	case "votes":
		return search.Majority{N: s.int("n")}
	case "beta":
		return search.Majority{N: s.int("n"), Confidence: s.float("confidence")}
	}
	panic("no strategy " + s.name)
}

// grow grows the tree of a strategy with one seed of a setting.
func (s *setting) grow(t testing.TB, strategy search.Strategy, seed int) *search.Tree {
	t.Helper()
	b := script{kind: s.params["script"], seed: seed}
	name := "last"
	if agg, ok := s.params["agg"]; ok {
		name = agg
	}
	aggregator, err := verifier.ParseAggregator(name)
	if err != nil {
		t.Fatal(err)
	}
	p := search.Problem{
		Tenant: "t", Search: "s", Text: "?", Seed: reasoning.Seed(seed), Aggregator: aggregator, Extract: b.answer,
		Sampling: reasoning.Sampling{Temperature: 0.8, TopP: 1, MaxTokens: 1024},
	}
	if d, ok := strategy.(search.DVTS); ok {
		b.rollouts = d.K > 0
	}
	grown := search.New(b, p)
	if spent, err := search.Run(t.Context(), grown, strategy); spent || err != nil {
		t.Fatalf("%s seed=%d: budget spent: %t, error: %v", s.title, seed, spent, err)
	}
	return grown
}

// outline formats a tree down to a level, or the whole tree if level is 0: a line has a node's
// steps, value and finish. script.py formats a reference's tree in the same way.
func outline(t *search.Tree, level int) string {
	var b strings.Builder
	for n := range t.Nodes() {
		if level > 0 && n.Depth > level {
			continue
		}
		b.WriteString(strings.Repeat("  ", n.Depth-1))
		b.WriteString(strings.Join(names(reasoning.Texts(n.Steps)), "+"))
		if n.Scored {
			fmt.Fprintf(&b, " %.6f", n.Value)
		} else {
			b.WriteString(" -")
		}
		switch n.Finish {
		case reasoning.FinishEnd:
			b.WriteString(" end")
		case reasoning.FinishLength:
			b.WriteString(" cut")
		}
		b.WriteString("\n")
	}
	return b.String()
}

func hash(outline string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(outline)))[:16] }

// A difference is a tree that differs from the reference's, and must not.
type difference struct {
	seed  int
	level int    // down to which the trees were compared; 0: to the end
	got   string // outline
}

// compare grows all trees of a setting with a strategy. It returns those that differ from the
// reference's, and must not; and, by reason, the number of equal trees and of all trees.
func (s *setting) compare(t testing.TB, strategy search.Strategy) (differ []difference, same, all map[string]int) {
	t.Helper()
	same, all = map[string]int{}, map[string]int{}
	for i, want := range s.trees() {
		if i%every != 0 {
			continue
		}
		grown := s.grow(t, strategy, want.seed)
		got := outline(grown, 0)
		all[want.reason]++
		switch {
		case hash(got) == want.hash:
			same[want.reason]++
		case want.reason == "":
			differ = append(differ, difference{want.seed, 0, got})
		case want.level > 0:
			if above := outline(grown, want.level); hash(above) != want.above {
				differ = append(differ, difference{want.seed, want.level, above})
			}
		}
	}
	return differ, same, all
}

// explain describes one of the differences: if possible one whose expected outline is in whole.
func (s *setting) explain(differ []difference, whole map[string]string) string {
	for _, d := range differ {
		if want, ok := whole[fmt.Sprintf("%s seed=%d", s.title, d.seed)]; ok && d.level == 0 {
			return fmt.Sprintf("%d trees differ, such as seed=%d (-got +want):\n%s", len(differ), d.seed, cmp.Diff(d.got, want))
		}
	}
	d := differ[0]
	to := ""
	if d.level > 0 {
		to = fmt.Sprintf(" to level %d", d.level)
	}
	return fmt.Sprintf("%d trees differ, such as seed=%d%s; reference/make.py --draw %q prints the reference's; got:\n%s",
		len(differ), d.seed, to, fmt.Sprintf("%s seed=%d", s.title, d.seed), d.got)
}

// Every tree equals the reference's or, if there is a reason why they may differ, equals it down
// to the level where the reason applies. The summary has the numbers of both.
func TestTrees(t *testing.T) {
	var mu sync.Mutex
	type count struct{ same, all int }
	counts := map[string]*count{}
	t.Run("settings", func(t *testing.T) {
		for _, name := range references {
			whole := outlines(t, name+"-trees.txt")
			for _, s := range read(t, name+".txt") {
				t.Run(s.title, func(t *testing.T) {
					t.Parallel()
					differ, same, all := s.compare(t, s.strategy())
					if len(differ) > 0 {
						t.Error(s.explain(differ, whole))
					}
					mu.Lock()
					defer mu.Unlock()
					for reason, n := range all {
						key := strings.TrimSpace(name + " " + reason)
						if counts[key] == nil {
							counts[key] = &count{}
						}
						counts[key].all += n
						counts[key].same += same[reason]
					}
				})
			}
		}
	})
	if every > 1 {
		t.Logf("one of %d trees of each setting was compared", every)
		return
	}
	var b strings.Builder
	total := 0
	for _, key := range slices.Sorted(maps.Keys(counts)) {
		c := counts[key]
		fmt.Fprintf(&b, "%s: %d trees, %d the same\n", key, c.all, c.same)
		if !strings.Contains(key, " ") {
			total += c.same
		}
	}
	fmt.Fprintf(&b, "without a reason to differ: %d the same\n", total)
	summary(t, "trees", b.String())
	if total < 12000 {
		t.Errorf("%d trees are equal, want at least 12,000", total)
	}
}

// summary compares a summary with its file in testdata.
func summary(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", "summary-"+name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(got, string(want)); diff != "" {
		t.Errorf("summary of %s (-got +want; -update updates it):\n%s", name, diff)
	}
}

// The outlines in testdata/*-trees.txt have the hashes of the other files.
func TestOutlinesHaveTheirHashes(t *testing.T) {
	n := 0
	for _, name := range references {
		whole := outlines(t, name+"-trees.txt")
		for _, s := range read(t, name+".txt") {
			for _, want := range s.trees() {
				if tree, ok := whole[fmt.Sprintf("%s seed=%d", s.title, want.seed)]; ok {
					n++
					if hash(tree) != want.hash {
						t.Errorf("%s seed=%d: has hash %s, want %s", s.title, want.seed, hash(tree), want.hash)
					}
				}
			}
		}
	}
	if n < 200 {
		t.Errorf("%d outlines, want at least 200", n)
	}
}
