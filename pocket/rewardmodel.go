package pocket

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/ponder-mesh/ponder/pocket/gguf"
)

// judgeArch is the architecture key of a judge's file: a trunk under Llama's
// tensor names, and judge.* for the head.
const rewardModelArch = "pocket-judge"

// surprises is how many features beside the trunk's state the head sees: the
// sum, the minimum and the mean of the log-probabilities of the step's tokens,
// its length (in tens of tokens), and the minimum so far on the path.
const surprises = 5

// Judge is a process reward model: it scores each step of a solution with its
// belief that the solution is right up to there. The trunk of a language model
// reads problem and steps; at the end of each step a small head sees the
// trunk's state and how surprised the trunk was by the step. A plain head on
// the state alone does not work: a causal network that needs all its layers to
// compute a result has none left to compare it with what was written.
//
// A Judge is safe for concurrent use. One call is one batch, of all tokens that
// are not yet in memory, so the scores of a path do not depend on what else is
// scored; at most Workers calls compute at once and the others wait.
type RewardModel struct {
	trunk      *Model
	hidden     matrix // features × hidden, standardisation folded in
	bias       []float32
	out        []float32 // nil without a head
	outBias    float32
	aggregator string
	trunkName  string
	recipe     string
	cache      *prefixes
	free       chan *scratch
}

// OpenJudge reads a judge's GGUF file. Of the options Slots is not used. Errors wrap ErrModel.
func OpenRewardModel(file []byte, o Options) (*RewardModel, error) {
	f, err := parse(file)
	if err != nil {
		return nil, err
	}
	if arch, _ := f.Get("general.architecture").(string); arch != rewardModelArch {
		return nil, fmt.Errorf("%w: general.architecture %q, want %s", ErrModel, arch, rewardModelArch)
	}
	j := &RewardModel{}
	if j.trunk, err = load(f, rewardModelArch, file); err != nil {
		return nil, err
	}
	l := &loader{file: f, arch: rewardModelArch}
	features, hidden := j.trunk.config.width+surprises, l.integer("judge_hidden", 1, 1<<12)
	j.hidden = transposed(features, l.tensor("judge.hidden.weight", features, hidden))
	j.bias = l.tensor("judge.hidden.bias", hidden)
	j.out = l.tensor("judge.out.weight", hidden)
	outBias := l.tensor("judge.out.bias", 1)
	j.aggregator, _ = f.Get(rewardModelArch + ".aggregator").(string)
	j.trunkName, _ = f.Get(rewardModelArch + ".trunk").(string)
	j.recipe, _ = f.Get("pocket.recipe").(string)
	if !strings.Contains(" min prod last ", " "+j.aggregator+" ") {
		l.fail("%s.aggregator %q, want min, prod or last", rewardModelArch, j.aggregator)
	}
	if l.err != nil {
		return nil, l.err
	}
	j.outBias = outBias[0]
	j.prepare(o)
	return j, nil
}

// LikelihoodJudge is a judge without a head: a step's score is the probability that
// the policy in this GGUF file gives it, and the product over a path its likelihood.
// It is what a trained head must be better than. Errors wrap ErrModel.
func LikelihoodRewardModel(policy []byte, o Options) (*RewardModel, error) {
	trunk, err := Open(policy)
	if err != nil {
		return nil, err
	}
	j := &RewardModel{trunk: trunk, aggregator: "prod", trunkName: trunk.id.Name}
	trunk.id.Name += "-likelihood"
	j.prepare(o)
	return j, nil
}

func (j *RewardModel) prepare(o Options) {
	o = o.withDefaults()
	j.cache = &prefixes{limit: o.PrefixTokens}
	j.free = make(chan *scratch, o.Workers)
	for range o.Workers {
		j.free <- nil // made when first needed
	}
}

// Identity returns the model's identity.
func (j *RewardModel) Identity() Identity { return j.trunk.id }

// Aggregator names how the scores of a path become one: "min", "prod" or "last".
// It was chosen with the judge, on validation problems, and belongs to it.
func (j *RewardModel) Aggregator() string { return j.aggregator }

// Trunk names the policy whose trunk this judge has.
func (j *RewardModel) Trunk() string { return j.trunkName }

// Recipe is the hash of how the judge was trained.
func (j *RewardModel) Recipe() string { return j.recipe }

// Score returns one score in [0, 1] a step: the judge's belief that the steps up
// to and including it are right. Steps may come with or without their newline;
// a step that begins with "A:" is the answer and ends the text. Usage.Prompt
// counts all tokens of the path, Cached those that were in memory.
func (j *RewardModel) Score(ctx context.Context, problem string, steps []string) ([]float64, Usage, error) {
	features, usage, err := j.Features(ctx, problem, steps)
	if err != nil {
		return nil, usage, err
	}
	scores := make([]float64, len(steps))
	h := make([]float32, j.hidden.n)
	for i, f := range features {
		if j.out == nil {
			scores[i] = math.Exp(min(0, float64(f[0])))
			continue
		}
		mul(h, j.hidden.n, f, len(f), 1, j.hidden, false)
		logit := j.outBias
		for k, v := range h {
			v += j.bias[k]
			logit += v / (1 + exp(-v)) * j.out[k]
		}
		scores[i] = 1 / (1 + math.Exp(-float64(logit)))
	}
	return scores, usage, nil
}

// Features returns what the head sees at the end of each step: the surprises,
// then the trunk's state. Heads are trained on it.
func (j *RewardModel) Features(ctx context.Context, problem string, steps []string) ([][]float32, Usage, error) {
	ids, ends, err := j.tokens(problem, steps)
	if err != nil {
		return nil, Usage{}, err
	}
	var s *scratch
	select {
	case s = <-j.free:
	case <-ctx.Done():
		return nil, Usage{}, context.Cause(ctx)
	}
	if s == nil {
		s = newScratch(j.trunk)
	}
	p, cached := s.read(j.cache, ids, true)
	j.free <- s

	d, worst := j.trunk.config.width, 0.0
	begin := ends[0] + 1
	features := make([][]float32, len(steps))
	for i, end := range ends[1:] {
		sum, least := 0.0, 0.0
		for _, lp := range p.logProbs[begin : end+1] {
			sum, least = sum+lp, min(least, lp)
		}
		worst = min(worst, least)
		n := float64(end + 1 - begin)
		features[i] = append([]float32{float32(sum), float32(least), float32(sum / n), float32(n / 10), float32(worst)}, p.states[end*d:(end+1)*d]...)
		begin = end + 1
	}
	return features, Usage{Prompt: len(ids), Cached: cached}, nil
}

// tokens encodes a path; ends has the last position of the problem, then of each step.
func (j *RewardModel) tokens(problem string, steps []string) (ids, ends []int, err error) {
	if len(problem) == 0 || len(problem) > MaxPromptLength {
		return nil, nil, fmt.Errorf("%w: problem: %d bytes, want 1 to %d", ErrRequest, len(problem), MaxPromptLength)
	}
	if len(steps) == 0 {
		return nil, nil, fmt.Errorf("%w: steps: none", ErrRequest)
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
		if ids = append(append(ids, line...), last); len(ids) > j.trunk.Context() {
			return nil, nil, fmt.Errorf("%w: steps: more than %d tokens", ErrRequest, j.trunk.Context())
		}
		ends = append(ends, len(ids)-1)
	}
	return ids, ends, nil
}

// Features is how many features a judge with this model as its trunk sees a step.
func (m *Model) Features() int { return m.config.width + surprises }

// Head is a trained head, as training writes it: hidden = silu(Hidden·x + Bias),
// score = σ(Out·hidden + OutBias) for features x.
type Head struct {
	Name       string      `json:"name"`
	Recipe     string      `json:"recipe"`
	Aggregator string      `json:"aggregator"`
	Hidden     [][]float32 `json:"hidden"`
	Bias       []float32   `json:"bias"`
	Out        []float32   `json:"out"`
	OutBias    float32     `json:"out_bias"`
}

// PackJudge joins a policy's file and a head into a judge's file.
func PackRewardModel(trunk []byte, h Head) ([]byte, error) {
	f, err := parse(trunk)
	if err != nil {
		return nil, err
	}
	name, _ := f.Get("general.name").(string)
	out := &gguf.File{Tensors: f.Tensors, Meta: []gguf.KV{
		{Key: "general.architecture", Value: rewardModelArch},
		{Key: "general.name", Value: h.Name},
		{Key: "pocket.recipe", Value: h.Recipe},
		{Key: rewardModelArch + ".trunk", Value: name},
		{Key: rewardModelArch + ".aggregator", Value: h.Aggregator},
		{Key: rewardModelArch + ".judge_hidden", Value: uint32(len(h.Hidden))},
	}}
	for _, kv := range f.Meta {
		if key, ok := strings.CutPrefix(kv.Key, "llama."); ok {
			out.Meta = append(out.Meta, gguf.KV{Key: rewardModelArch + "." + key, Value: kv.Value})
		} else if strings.HasPrefix(kv.Key, "tokenizer.") {
			out.Meta = append(out.Meta, kv)
		}
	}
	features := 0
	var hidden []float32
	for _, row := range h.Hidden {
		features = len(row)
		hidden = append(hidden, row...)
	}
	vector := func(name string, data []float32) gguf.Tensor {
		return gguf.Tensor{Name: name, Dims: []int{len(data)}, Data: data}
	}
	out.Tensors = append(out.Tensors,
		gguf.Tensor{Name: "judge.hidden.weight", Dims: []int{features, len(h.Hidden)}, Data: hidden},
		vector("judge.hidden.bias", h.Bias), vector("judge.out.weight", h.Out), vector("judge.out.bias", []float32{h.OutBias}))
	file, err := encode(out)
	if err != nil {
		return nil, err
	}
	_, err = OpenRewardModel(file, Options{})
	return file, err
}
