package pocket

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"go.uber.org/goleak"

	"github.com/ponder-mesh/ponder/pocket/gguf"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// randomDump returns the dump of an untrained model.
func randomDump(c config, seed uint64) []byte {
	h := header{
		Name: fmt.Sprintf("random-%d", seed), Recipe: "test", Width: c.width, Layers: c.layers,
		Heads: c.heads, KVHeads: c.kvHeads, Hidden: c.hidden, Context: c.context,
	}
	r := rand.New(rand.NewPCG(seed, 0))
	var data bytes.Buffer
	add := func(name string, dims ...int) {
		h.Tensors = append(h.Tensors, struct {
			Name string `json:"name"`
			Dims []int  `json:"dims"`
		}{name, dims})
		n := 1
		for _, d := range dims {
			n *= d
		}
		for range n {
			v := float32(1)
			if len(dims) > 1 {
				v = float32(r.NormFloat64() * 0.25)
			}
			_ = binary.Write(&data, binary.LittleEndian, v)
		}
	}
	add("token_embd.weight", c.width, VocabSize)
	add("output_norm.weight", c.width)
	for i := range c.layers {
		at := fmt.Sprintf("blk.%d.", i)
		add(at+"attn_norm.weight", c.width)
		add(at+"attn_q.weight", c.width, c.width)
		add(at+"attn_k.weight", c.width, c.kvDim())
		add(at+"attn_v.weight", c.width, c.kvDim())
		add(at+"attn_output.weight", c.width, c.width)
		add(at+"ffn_norm.weight", c.width)
		add(at+"ffn_gate.weight", c.width, c.hidden)
		add(at+"ffn_up.weight", c.width, c.hidden)
		add(at+"ffn_down.weight", c.hidden, c.width)
	}
	head, _ := json.Marshal(h)
	return append(append(head, '\n'), data.Bytes()...)
}

var (
	tiny  = config{width: 32, layers: 2, heads: 4, kvHeads: 2, hidden: 48, context: 512}
	large = config{width: 128, layers: 4, heads: 4, kvHeads: 1, hidden: 352, context: 640}
)

func randomFile(t testing.TB, c config, seed uint64) []byte {
	t.Helper()
	file, err := Pack(bytes.NewReader(randomDump(c, seed)))
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func randomModel(t testing.TB, c config, seed uint64) *Model {
	t.Helper()
	m, err := Open(randomFile(t, c, seed))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func randomRewardModel(t testing.TB, o Options) *RewardModel {
	t.Helper()
	r := rand.New(rand.NewPCG(3, 3))
	h := Head{Name: "random-prm", Aggregator: "min", Bias: make([]float32, 8), Out: make([]float32, 8)}
	for i := range 8 {
		row := make([]float32, tiny.width+logProbFeatures)
		for k := range row {
			row[k] = float32(r.NormFloat64())
		}
		h.Hidden = append(h.Hidden, row)
		h.Out[i] = float32(r.NormFloat64())
	}
	file, err := PackRewardModel(randomFile(t, tiny, 1), h)
	if err != nil {
		t.Fatal(err)
	}
	rm, err := OpenRewardModel(file, o)
	if err != nil {
		t.Fatal(err)
	}
	return rm
}

// clone copies a file so that a test can corrupt it.
func clone(f *gguf.File) gguf.File {
	c := gguf.File{Meta: slices.Clone(f.Meta), Tensors: slices.Clone(f.Tensors)}
	for i := range c.Tensors {
		c.Tensors[i].Data = slices.Clone(c.Tensors[i].Data)
	}
	return c
}
