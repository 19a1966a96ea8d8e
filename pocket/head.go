package pocket

import (
	"strings"

	"github.com/ponder-mesh/ponder/pocket/gguf"
)

// Head is a trained head: hidden = silu(Hidden·x + Bias), score = σ(Out·hidden +
// OutBias) for features x. Its JSON form is the output of training.
type Head struct {
	Name       string      `json:"name"`
	Recipe     string      `json:"recipe"`
	Aggregator string      `json:"aggregator"`
	Hidden     [][]float32 `json:"hidden"`
	Bias       []float32   `json:"bias"`
	Out        []float32   `json:"out"`
	OutBias    float32     `json:"out_bias"`
}

// PackRewardModel combines the file of a policy and a head into the file of a reward model, in
// which the names of the head's fields begin with "judge".
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
		vector("judge.hidden.bias", h.Bias),
		vector("judge.out.weight", h.Out),
		vector("judge.out.bias", []float32{h.OutBias}))
	file, err := encode(out)
	if err != nil {
		return nil, err
	}
	_, err = OpenRewardModel(file, Options{})
	return file, err
}
