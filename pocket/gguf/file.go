package gguf

import "fmt"

// Type is a tensor's element type in the file.
type Type uint32

const (
	F32 Type = 0
	F16 Type = 1
)

// Tensor is a dense array. Dims are in the order of the file: Dims[0] is contiguous, so
// a matrix of out rows by in columns has Dims {in, out}.
type Tensor struct {
	Name string
	Dims []int
	Type Type
	Data []float32
}

// KV is an entry of the metadata. Value is a bool, an integer or float type, a string,
// or a slice of one of them ([]any for nested arrays).
type KV struct {
	Key   string
	Value any
}

// File is a whole GGUF file in memory.
type File struct {
	Meta    []KV
	Tensors []Tensor
}

// Get returns the value of a key, or nil.
func (f *File) Get(key string) any {
	for _, kv := range f.Meta {
		if kv.Key == key {
			return kv.Value
		}
	}
	return nil
}

// Parse parses a file. The result does not share memory with b.
func Parse(b []byte) (*File, error) {
	r := &reader{b: b}
	f := r.file()
	if r.err != nil {
		return nil, fmt.Errorf("gguf: byte %d: %w", r.off, r.err)
	}
	return f, nil
}
