package pocket

import (
	"context"
	"fmt"
	"math"
	"strings"
)

// rewardModelArch is the architecture of a reward model's file: a trunk under Llama's
// tensor names, and judge.* for the head. The architecture, the keys and the tensors
// keep the word judge because the committed files have it.
const rewardModelArch = "pocket-judge"

// logProbFeatures is the number of features of the head besides the trunk's state: the
// sum, the minimum and the mean of the log-probabilities of the step's tokens, its
// length (in tens of tokens), and the minimum so far on the path.
const logProbFeatures = 5

// RewardModel is a process reward model: it scores each step of a solution with the
// estimated probability that the solution is right up to and including the step. The
// trunk of a language model reads problem and steps; at the end of each step a small
// head reads the trunk's state and statistics of the step's log-probabilities. The state
// alone does not suffice: a causal network that needs all its layers to compute a result
// has no layer left that compares the result with the text.
//
// A RewardModel is safe for concurrent use. A call computes one batch of all tokens
// that are not in the cache, so the scores of a path do not depend on other calls. At
// most Workers calls compute at once; the others wait.
type RewardModel struct {
	trunk      *Model
	hidden     matrix // features × hidden, including the standardisation of features
	bias       []float32
	out        []float32 // nil without a head
	outBias    float32
	aggregator string
	trunkName  string
	recipe     string
	cache      *prefixCache
	free       chan *scratch // nil elements are allocated at their first use
}

// OpenRewardModel reads a reward model's GGUF file. It does not use o.Slots. Errors wrap
// ErrModel.
func OpenRewardModel(file []byte, o Options) (*RewardModel, error) {
	f, err := parse(file)
	if err != nil {
		return nil, err
	}
	if arch, _ := f.Get("general.architecture").(string); arch != rewardModelArch {
		return nil, fmt.Errorf("%w: general.architecture %q, want %s", ErrModel, arch, rewardModelArch)
	}
	rm := &RewardModel{}
	if rm.trunk, err = load(f, rewardModelArch, file); err != nil {
		return nil, err
	}
	l := &loader{file: f, arch: rewardModelArch}
	features, hidden := rm.trunk.Features(), l.integer("judge_hidden", 1, 1<<12)
	rm.hidden = transposed(features, l.tensor("judge.hidden.weight", features, hidden))
	rm.bias = l.tensor("judge.hidden.bias", hidden)
	rm.out = l.tensor("judge.out.weight", hidden)
	outBias := l.tensor("judge.out.bias", 1)
	rm.aggregator, _ = f.Get(rewardModelArch + ".aggregator").(string)
	rm.trunkName, _ = f.Get(rewardModelArch + ".trunk").(string)
	rm.recipe, _ = f.Get("pocket.recipe").(string)
	if !strings.Contains(" min prod last ", " "+rm.aggregator+" ") {
		l.fail("%s.aggregator %q, want min, prod or last", rewardModelArch, rm.aggregator)
	}
	if l.err != nil {
		return nil, l.err
	}
	rm.outBias = outBias[0]
	rm.prepare(o)
	return rm, nil
}

// OpenLikelihoodRewardModel returns a reward model without a head: a step's score is its
// probability under the policy in this GGUF file, and the product over a path is the
// path's likelihood. It is the baseline of trained heads. Errors wrap ErrModel.
func OpenLikelihoodRewardModel(policy []byte, o Options) (*RewardModel, error) {
	trunk, err := Open(policy)
	if err != nil {
		return nil, err
	}
	rm := &RewardModel{trunk: trunk, aggregator: "prod", trunkName: trunk.id.Name}
	trunk.id.Name += "-likelihood"
	rm.prepare(o)
	return rm, nil
}

func (rm *RewardModel) prepare(o Options) {
	o = o.withDefaults()
	rm.cache = &prefixCache{limit: o.PrefixTokens}
	rm.free = make(chan *scratch, o.Workers)
	for range o.Workers {
		rm.free <- nil
	}
}

// Identity returns the model's identity.
func (rm *RewardModel) Identity() Identity { return rm.trunk.id }

// Aggregator returns the name of the aggregator of a path's scores: "min", "prod" or
// "last". It was chosen for this model on validation problems.
func (rm *RewardModel) Aggregator() string { return rm.aggregator }

// Trunk returns the name of the policy that provides the trunk.
func (rm *RewardModel) Trunk() string { return rm.trunkName }

// Recipe returns the hash of the training code and data.
func (rm *RewardModel) Recipe() string { return rm.recipe }

// Score returns one score in [0, 1] per step: the estimated probability that the steps
// up to and including it are right. Steps may come with or without their newline; a
// step that begins with "A:" is the answer and ends the text. Usage.Prompt counts all
// tokens of the path, Usage.Cached those that were in the cache.
func (rm *RewardModel) Score(ctx context.Context, problem string, steps []string) ([]float64, Usage, error) {
	features, usage, err := rm.Features(ctx, problem, steps)
	if err != nil {
		return nil, usage, err
	}
	scores := make([]float64, len(steps))
	h := make([]float32, rm.hidden.n)
	for i, f := range features {
		if rm.out == nil {
			scores[i] = math.Exp(min(0, float64(f[0])))
			continue
		}
		mul(h, rm.hidden.n, f, len(f), 1, rm.hidden, false)
		logit := rm.outBias
		for k, v := range h {
			v += rm.bias[k]
			logit += v / (1 + exp(-v)) * rm.out[k]
		}
		scores[i] = 1 / (1 + math.Exp(-float64(logit)))
	}
	return scores, usage, nil
}

// Features returns the head's input at the end of each step: the log-probability
// features, then the trunk's state. Heads are trained on it.
func (rm *RewardModel) Features(ctx context.Context, problem string, steps []string) ([][]float32, Usage, error) {
	ids, ends, err := rm.tokens(problem, steps)
	if err != nil {
		return nil, Usage{}, err
	}
	var s *scratch
	select {
	case s = <-rm.free:
	case <-ctx.Done():
		return nil, Usage{}, context.Cause(ctx)
	}
	if s == nil {
		s = newScratch(rm.trunk)
	}
	p, cached := s.prefill(rm.cache, ids, true)
	rm.free <- s

	d, pathMin := rm.trunk.config.width, 0.0
	begin := ends[0] + 1
	features := make([][]float32, len(steps))
	for i, end := range ends[1:] {
		sum, stepMin := 0.0, 0.0
		for _, lp := range p.logProbs[begin : end+1] {
			sum, stepMin = sum+lp, min(stepMin, lp)
		}
		pathMin = min(pathMin, stepMin)
		n := float64(end + 1 - begin)
		f := []float32{float32(sum), float32(stepMin), float32(sum / n), float32(n / 10), float32(pathMin)}
		features[i] = append(f, p.states[end*d:(end+1)*d]...)
		begin = end + 1
	}
	return features, Usage{Prompt: len(ids), Cached: cached}, nil
}

// tokens encodes a path. It returns the last position of the problem and of each step in
// ends.
func (rm *RewardModel) tokens(problem string, steps []string) (ids, ends []int, err error) {
	if len(problem) == 0 || len(problem) > MaxPromptLength {
		return nil, nil, fmt.Errorf("%w: problem: %d bytes, want 1 to %d", ErrRequest, len(problem), MaxPromptLength)
	}
	if len(steps) == 0 {
		return nil, nil, fmt.Errorf("%w: steps: none, want at least one", ErrRequest)
	}
	ids = []int{tokenBOS}
	for i, text := range append([]string{problem}, steps...) {
		text = strings.TrimSuffix(text, "\n")
		line, err := Encode(text)
		if err != nil {
			return nil, nil, fmt.Errorf("%w: line %d: %w", ErrRequest, i, err)
		}
		last := tokenNewline
		if i > 0 && strings.HasPrefix(text, "A:") {
			last = tokenEOS
		}
		if ids = append(append(ids, line...), last); len(ids) > rm.trunk.Context() {
			return nil, nil, fmt.Errorf("%w: steps: more than %d tokens with the problem", ErrRequest, rm.trunk.Context())
		}
		ends = append(ends, len(ids)-1)
	}
	return ids, ends, nil
}

// Context returns the length in tokens of the longest path, problem included.
func (rm *RewardModel) Context() int { return rm.trunk.Context() }

// Features returns the number of features per step of a reward model with this trunk.
func (m *Model) Features() int { return m.config.width + logProbFeatures }
