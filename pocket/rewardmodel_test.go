package pocket

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const problem = "Tom has 12 apples. How many apples does Tom have now?"

// Scores do not depend on the cache, on concurrent calls or on later steps.
func TestScoresDependOnThePathAlone(t *testing.T) {
	steps := []string{"1+2=3", "3*4=12", "12-5=7", "A:7"}
	cold := randomRewardModel(t, Options{Workers: 1, PrefixTokens: -1})
	want, usage, err := cold.Score(t.Context(), problem, steps)
	if err != nil {
		t.Fatal(err)
	}
	if usage.Cached != 0 {
		t.Errorf("got usage %+v without a cache", usage)
	}
	warm := randomRewardModel(t, Options{Workers: 3})
	var callers sync.WaitGroup
	for n := 1; n <= len(steps); n++ {
		for range 4 {
			callers.Go(func() {
				got, _, err := warm.Score(t.Context(), problem, steps[:n])
				if err != nil {
					t.Error(err)
				}
				if diff := cmp.Diff(want[:n], got); diff != "" {
					t.Errorf("%d steps: %s", n, diff)
				}
				if _, _, err := warm.Score(t.Context(), problem, append(steps[:n-1:n-1], "9+9=9")); err != nil {
					t.Error(err)
				}
			})
		}
	}
	callers.Wait()
	_, usage, err = warm.Score(t.Context(), problem, append(steps[:3:3], "A:8"))
	if err != nil {
		t.Fatal(err)
	}
	if computed := usage.Prompt - usage.Cached; computed > len("A:8")+1 {
		t.Errorf("computed %d tokens for one new step", computed)
	}
}

func TestScoresAreProbabilities(t *testing.T) {
	rm := randomRewardModel(t, Options{})
	scores, _, err := rm.Score(t.Context(), problem, []string{"1+1=2\n", "2+2=4\n", "A:4"})
	if err != nil {
		t.Fatal(err)
	}
	if len(scores) != 3 {
		t.Fatalf("got %d scores for 3 steps", len(scores))
	}
	for _, s := range scores {
		if !(s >= 0 && s <= 1) {
			t.Errorf("got score %v, want one in [0,1]", s)
		}
	}
	trimmed, _, err := rm.Score(t.Context(), problem+"\n", []string{"1+1=2", "2+2=4", "A:4\n"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(scores, trimmed); diff != "" {
		t.Errorf("newlines change scores: %s", diff)
	}
	if rm.Aggregator() != "min" || rm.Trunk() != "random-1" {
		t.Errorf("got aggregator %q, trunk %q", rm.Aggregator(), rm.Trunk())
	}
}

func TestRewardModelRefuses(t *testing.T) {
	rm := randomRewardModel(t, Options{Workers: 1})
	for want, call := range map[string]func() error{
		"problem: 0 bytes": func() error { _, _, err := rm.Score(t.Context(), "", []string{"x"}); return err },
		"steps: none":      func() error { _, _, err := rm.Score(t.Context(), problem, nil); return err },
		"line 1":           func() error { _, _, err := rm.Score(t.Context(), problem, []string{"×"}); return err },
		"more than": func() error {
			_, _, err := rm.Score(t.Context(), problem, []string{strings.Repeat("1", 600)})
			return err
		},
	} {
		if err := call(); !errors.Is(err, ErrRequest) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
	}
	<-rm.free // occupies the only worker
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := rm.Score(ctx, problem, []string{"1+1=2"}); !errors.Is(err, context.Canceled) {
		t.Errorf("waiting for a worker: %v", err)
	}
}

func TestBadModels(t *testing.T) {
	policy := randomFile(t, tiny, 1)
	if _, err := OpenRewardModel(policy, Options{}); !errors.Is(err, ErrModel) {
		t.Errorf("a policy as reward model: %v", err)
	}
	f, err := parse(policy)
	if err != nil {
		t.Fatal(err)
	}
	for want, change := range map[string]func(){
		"llama.block_count":       func() { f.Meta[4].Value = uint32(1000) },
		"do not divide":           func() { f.Meta[8].Value = uint32(3) },
		"no tensor output_norm":   func() { f.Tensors = f.Tensors[:1] },
		"tensor token_embd":       func() { f.Tensors[0].Dims = []int{VocabSize, tiny.width} },
		"contains NaN":            func() { f.Tensors[0].Data[5] /= 0; f.Tensors[0].Data[5] -= f.Tensors[0].Data[5] },
		"vocabulary has 1 tokens": func() { f.Meta[16].Value = []string{"a"} },
	} {
		g := *f
		*f = clone(f)
		change()
		file, err := encode(f)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := Open(file); !errors.Is(err, ErrModel) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v", want, err)
		}
		*f = g
	}
}
