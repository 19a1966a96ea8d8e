package pocket

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"

	"github.com/ponder-mesh/ponder/pocket/gguf"
)

// header is the first line of a training dump, in JSON. The data of the tensors follows
// as little-endian float32 in the order of Tensors, matrices as outputs by inputs.
type header struct {
	Name   string `json:"name"`
	Recipe string `json:"recipe"` // hash of the training code, with its parameters
	// Template names the format of prompts and solutions; empty is the constant Template.
	Template string `json:"template"`
	Width    int    `json:"width"`
	Layers   int    `json:"layers"`
	Heads    int    `json:"heads"`
	KVHeads  int    `json:"kv_heads"`
	Hidden   int    `json:"hidden"`
	Context  int    `json:"context"`
	Tensors  []struct {
		Name string `json:"name"`
		Dims []int  `json:"dims"` // inputs first
	} `json:"tensors"`
}

// Pack converts a dump of pocket/train to the GGUF file of a policy: matrices in F16,
// vectors in F32, readable by Open and by llama.cpp.
func Pack(dump io.Reader) ([]byte, error) {
	r := bufio.NewReader(dump)
	line, err := r.ReadBytes('\n')
	if err != nil {
		return nil, fmt.Errorf("pocket: pack: header: %w", err)
	}
	var h header
	if err := json.Unmarshal(line, &h); err != nil {
		return nil, fmt.Errorf("pocket: pack: header: %w", err)
	}
	f := &gguf.File{Meta: h.meta()}
	for _, t := range h.Tensors {
		n := 1
		for _, d := range t.Dims {
			n *= d
		}
		data := make([]float32, n)
		if err := binary.Read(r, binary.LittleEndian, data); err != nil {
			return nil, fmt.Errorf("pocket: pack: tensor %s: %w", t.Name, err)
		}
		typ := gguf.F32
		if len(t.Dims) > 1 {
			typ = gguf.F16
		}
		f.Tensors = append(f.Tensors, gguf.Tensor{Name: t.Name, Dims: t.Dims, Type: typ, Data: data})
	}
	file, err := encode(f)
	if err != nil {
		return nil, err
	}
	_, err = Open(file)
	return file, err
}

func encode(f *gguf.File) ([]byte, error) {
	var b bytes.Buffer
	err := f.Write(&b)
	return b.Bytes(), err
}

// meta returns the metadata that llama.cpp needs for a Llama with a character-level
// vocabulary.
func (h header) meta() []gguf.KV {
	tokens, types := vocabulary()
	kvs := []gguf.KV{
		{Key: "general.architecture", Value: "llama"},
		{Key: "general.name", Value: h.Name},
		{Key: "general.file_type", Value: uint32(1)}, // mostly F16
		{Key: "pocket.recipe", Value: h.Recipe},
		{Key: "llama.block_count", Value: uint32(h.Layers)},
		{Key: "llama.context_length", Value: uint32(h.Context)},
		{Key: "llama.embedding_length", Value: uint32(h.Width)},
		{Key: "llama.feed_forward_length", Value: uint32(h.Hidden)},
		{Key: "llama.attention.head_count", Value: uint32(h.Heads)},
		{Key: "llama.attention.head_count_kv", Value: uint32(h.KVHeads)},
		{Key: "llama.attention.layer_norm_rms_epsilon", Value: float32(1e-5)},
		{Key: "llama.rope.dimension_count", Value: uint32(h.Width / max(h.Heads, 1))},
		{Key: "llama.rope.freq_base", Value: float32(10000)},
		{Key: "llama.vocab_size", Value: uint32(VocabSize)},
		{Key: "tokenizer.ggml.model", Value: "gpt2"},
		{Key: "tokenizer.ggml.pre", Value: "default"},
		{Key: "tokenizer.ggml.tokens", Value: tokens},
		{Key: "tokenizer.ggml.token_type", Value: types},
		{Key: "tokenizer.ggml.merges", Value: []string{}}, // none: one token per character
		{Key: "tokenizer.ggml.bos_token_id", Value: uint32(tokenBOS)},
		{Key: "tokenizer.ggml.eos_token_id", Value: uint32(tokenEOS)},
		{Key: "tokenizer.ggml.padding_token_id", Value: uint32(tokenPad)},
		{Key: "tokenizer.ggml.add_bos_token", Value: true},
		{Key: "tokenizer.ggml.add_eos_token", Value: false},
	}
	if h.Template != "" {
		kvs = append(kvs, gguf.KV{Key: "pocket.template", Value: h.Template})
	}
	return kvs
}
