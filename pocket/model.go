package pocket

import (
	"errors"
	"fmt"
	"math"
)

// ErrModel indicates a file that is not a model this package can run.
var ErrModel = errors.New("pocket: not a usable model")

// Identity identifies a model exactly.
type Identity struct {
	Name       string // such as "pocket-0.3m"
	Parameters int
	SHA256     string // of the file, hex
	Tokenizer  string // name and version of the vocabulary
	Template   string // name and version of the format of prompts and solutions
}

// config is the shape of the network.
type config struct {
	width, layers, heads, kvHeads, hidden int
	context                               int // longest sequence in tokens
	eps, ropeBase                         float32
}

func (c config) head() int  { return c.width / c.heads }
func (c config) kvDim() int { return c.kvHeads * c.head() }
func (c config) group() int { return c.heads / c.kvHeads } // query heads that share a key and value head

// layer holds one block's weights; products that read the same input are fused.
type layer struct {
	attnNorm, ffnNorm []float32
	qkv               matrix // width × (width + 2·kvDim)
	out               matrix // width × width
	gateUp            matrix // width × 2·hidden
	down              matrix // hidden × width
}

// Model is the trunk of a network, read-only and safe for concurrent use.
type Model struct {
	id       Identity
	config   config
	embed    matrix // vocabulary × width: a token's row
	head     matrix // width × vocabulary: the same weights, for the logits
	norm     []float32
	layers   []layer
	cos, sin []float32 // context × head/2
}

// Open reads a policy: a GGUF file of architecture "llama" with this package's
// vocabulary. Errors wrap ErrModel.
func Open(file []byte) (*Model, error) {
	f, err := parse(file)
	if err != nil {
		return nil, err
	}
	if arch, _ := f.Get("general.architecture").(string); arch != "llama" {
		return nil, fmt.Errorf("%w: general.architecture %q, want llama", ErrModel, arch)
	}
	return load(f, "llama", file)
}

// Identity returns the model's identity.
func (m *Model) Identity() Identity { return m.id }

// Context returns the length in tokens of the longest sequence, prompt included.
func (m *Model) Context() int { return m.config.context }

// rope tabulates the rotations of rotary position embeddings (Su et al. 2021): pair i
// of a head rotates by pos · base^(−2i/head).
func (m *Model) rope() {
	half := m.config.head() / 2
	m.cos, m.sin = make([]float32, m.config.context*half), make([]float32, m.config.context*half)
	for pos := range m.config.context {
		for i := range half {
			angle := float64(pos) * math.Pow(float64(m.config.ropeBase), -float64(2*i)/float64(m.config.head()))
			m.cos[pos*half+i], m.sin[pos*half+i] = float32(math.Cos(angle)), float32(math.Sin(angle))
		}
	}
}
