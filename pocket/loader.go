package pocket

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"

	"github.com/ponder-mesh/ponder/pocket/gguf"
)

func parse(file []byte) (*gguf.File, error) {
	f, err := gguf.Parse(file)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrModel, err)
	}
	return f, nil
}

// load builds a trunk from metadata under the prefix arch and tensors with Llama's names.
func load(f *gguf.File, arch string, file []byte) (*Model, error) {
	l := &loader{file: f, arch: arch}
	sum := sha256.Sum256(file)
	m := &Model{id: Identity{SHA256: hex.EncodeToString(sum[:]), Tokenizer: Tokenizer, Template: Template}}
	m.id.Name, _ = f.Get("general.name").(string)
	if format, ok := f.Get("pocket.template").(string); ok {
		m.id.Template = format
	}
	m.config = l.config()
	if l.err != nil {
		return nil, l.err
	}
	for _, t := range f.Tensors {
		m.id.Parameters += len(t.Data)
	}
	c := m.config
	embed := l.tensor("token_embd.weight", c.width, VocabSize)
	m.norm = l.tensor("output_norm.weight", c.width)
	for i := range c.layers {
		name := func(s string) string { return fmt.Sprintf("blk.%d.%s.weight", i, s) }
		q := l.tensor(name("attn_q"), c.width, c.width)
		k, v := l.tensor(name("attn_k"), c.width, c.kvDim()), l.tensor(name("attn_v"), c.width, c.kvDim())
		gate, up := l.tensor(name("ffn_gate"), c.width, c.hidden), l.tensor(name("ffn_up"), c.width, c.hidden)
		out, down := l.tensor(name("attn_output"), c.width, c.width), l.tensor(name("ffn_down"), c.hidden, c.width)
		m.layers = append(m.layers, layer{
			attnNorm: l.tensor(name("attn_norm"), c.width),
			ffnNorm:  l.tensor(name("ffn_norm"), c.width),
			qkv:      transposed(c.width, q, k, v),
			out:      transposed(c.width, out),
			gateUp:   transposed(c.width, gate, up),
			down:     transposed(c.hidden, down),
		})
	}
	if l.err != nil {
		return nil, l.err
	}
	m.embed = matrix{VocabSize, c.width, c.width, embed}
	m.head = transposed(c.width, embed)
	m.rope()
	return m, nil
}

// transposed returns weights, each stored as outputs by inputs (the file's order), side
// by side in a matrix of inputs by outputs.
func transposed(in int, weights ...[]float32) matrix {
	out := 0
	for _, w := range weights {
		out += len(w) / in
	}
	m := newMatrix(in, out)
	col := 0
	for _, w := range weights {
		for o := 0; o < len(w)/in; o++ {
			for i, v := range w[o*in : (o+1)*in] {
				m.data[i*out+col] = v
			}
			col++
		}
	}
	return m
}

// loader looks up metadata and tensors in a file and keeps the first error.
type loader struct {
	file *gguf.File
	arch string
	err  error
}

func (l *loader) fail(format string, args ...any) {
	if l.err == nil {
		l.err = fmt.Errorf("%w: "+format, append([]any{ErrModel}, args...)...)
	}
}

func (l *loader) integer(key string, lo, hi int) int {
	v, ok := l.file.Get(l.arch + "." + key).(uint32)
	if !ok || int64(v) < int64(lo) || int64(v) > int64(hi) {
		l.fail("%s.%s is %v, want an integer from %d to %d", l.arch, key, l.file.Get(l.arch+"."+key), lo, hi)
		return lo
	}
	return int(v)
}

func (l *loader) float(key string, lo, hi float32) float32 {
	v, ok := l.file.Get(l.arch + "." + key).(float32)
	if !ok || !(v >= lo && v <= hi) {
		l.fail("%s.%s is %v, want a number from %g to %g", l.arch, key, l.file.Get(l.arch+"."+key), lo, hi)
	}
	return v
}

func (l *loader) config() config {
	c := config{
		width:    l.integer("embedding_length", 2, 1<<13),
		layers:   l.integer("block_count", 1, 128),
		heads:    l.integer("attention.head_count", 1, 128),
		kvHeads:  l.integer("attention.head_count_kv", 1, 128),
		hidden:   l.integer("feed_forward_length", 1, 1<<15),
		context:  l.integer("context_length", 1, 1<<14),
		eps:      l.float("attention.layer_norm_rms_epsilon", 0, 1),
		ropeBase: l.float("rope.freq_base", 1, 1e9),
	}
	if c.width%c.heads != 0 || c.head()%2 != 0 || c.heads%c.kvHeads != 0 {
		l.fail("width %d, %d heads and %d key/value heads do not divide evenly", c.width, c.heads, c.kvHeads)
	}
	tokens, _ := vocabulary()
	have, _ := l.file.Get("tokenizer.ggml.tokens").([]string)
	if len(have) != len(tokens) {
		l.fail("vocabulary has %d tokens, want %d", len(have), len(tokens))
		return c
	}
	for i, want := range tokens {
		if isOutput(i) && have[i] != want {
			l.fail("token %d is %q, want %q", i, have[i], want)
		}
	}
	return c
}

// tensor returns a tensor's data after checking its dimensions, inputs first.
func (l *loader) tensor(name string, dims ...int) []float32 {
	n := 1
	for _, d := range dims {
		n *= d
	}
	for _, t := range l.file.Tensors {
		if t.Name != name {
			continue
		}
		if fmt.Sprint(t.Dims) != fmt.Sprint(dims) {
			l.fail("tensor %s has dimensions %v, want %v", name, t.Dims, dims)
		}
		for _, v := range t.Data {
			if v-v != 0 {
				l.fail("tensor %s contains %v", name, v)
				break
			}
		}
		if l.err == nil {
			return t.Data
		}
		break
	}
	l.fail("no tensor %s", name)
	if l.err != nil {
		return nil
	}
	return make([]float32, n)
}
