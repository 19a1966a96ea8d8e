// Package gguf reads and writes the part of GGUF version 3 that small models need:
// metadata, and tensors of F32 and F16. Files may come from untrusted sources: Parse
// checks lengths against the size of the file before it allocates memory, and returns
// an error for a malformed file.
//
// Format: github.com/ggml-org/ggml, docs/gguf.md.
package gguf

import (
	"encoding/binary"
	"fmt"
	"math"
)

const (
	magic     = "GGUF"
	version   = 3
	alignment = 32 // of the data section and of each tensor, unless general.alignment says otherwise

	maxTensors = 1 << 12
	maxKeys    = 1 << 12
	maxDims    = 4
	maxNesting = 4
)

// Value types of metadata.
const (
	typeUint8 = iota
	typeInt8
	typeUint16
	typeInt16
	typeUint32
	typeInt32
	typeFloat32
	typeBool
	typeString
	typeArray
	typeUint64
	typeInt64
	typeFloat64
)

// reader reads b from start to end. After the first error all its methods return zero
// values.
type reader struct {
	b   []byte
	off int
	err error
}

func (r *reader) fail(format string, args ...any) {
	if r.err == nil {
		r.err = fmt.Errorf(format, args...)
	}
}

func (r *reader) take(n uint64) []byte {
	if r.err == nil && n > uint64(len(r.b)-r.off) {
		r.fail("file is cut: want %d bytes, have %d", n, len(r.b)-r.off)
	}
	if r.err != nil {
		return nil
	}
	p := r.b[r.off : r.off+int(n)]
	r.off += int(n)
	return p
}

func (r *reader) uint(size uint64) uint64 {
	var word [8]byte
	copy(word[:], r.take(size))
	return binary.LittleEndian.Uint64(word[:])
}

func (r *reader) string() string { return string(r.take(r.uint(8))) }

// count reads the number of elements that take at least size bytes each.
func (r *reader) count(what string, limit, size uint64) int {
	n := r.uint(8)
	if rest := uint64(len(r.b) - r.off); n > limit || n > rest/size {
		r.fail("%d %s: more than the file can hold or than %d", n, what, limit)
		return 0
	}
	return int(n)
}

func (r *reader) file() *File {
	if string(r.take(4)) != magic {
		r.fail("not a GGUF file")
	}
	if v := r.uint(4); v != version {
		r.fail("version %d, want %d", v, version)
	}
	tensors := r.count("tensors", maxTensors, 24)
	keys := r.count("metadata keys", maxKeys, 13)
	f := &File{}
	for range keys {
		if r.err != nil {
			return nil
		}
		kv := KV{Key: r.string()}
		if kv.Value = r.value(r.uint(4), 0); f.Get(kv.Key) != nil {
			r.fail("metadata key %q occurs twice", kv.Key)
		}
		f.Meta = append(f.Meta, kv)
	}
	align := uint64(alignment)
	if v, ok := f.Get("general.alignment").(uint32); ok {
		if align = uint64(v); align == 0 || align%8 != 0 || align > 1<<16 {
			r.fail("general.alignment %d: want a multiple of 8", align)
			return nil
		}
	}
	offsets := make([]uint64, tensors)
	for i := range offsets {
		t := Tensor{Name: r.string()}
		dims := r.uint(4)
		if dims < 1 || dims > maxDims {
			r.fail("tensor %q: %d dimensions, want 1 to %d", t.Name, dims, maxDims)
			return nil
		}
		for range dims {
			t.Dims = append(t.Dims, r.count("elements", math.MaxInt32, 1))
		}
		t.Type, offsets[i] = Type(r.uint(4)), r.uint(8)
		f.Tensors = append(f.Tensors, t)
	}
	if pad := uint64(r.off) % align; pad != 0 {
		r.take(align - pad)
	}
	base := r.off
	for i := range f.Tensors {
		if r.err == nil && offsets[i] > uint64(len(r.b)-base) {
			r.fail("tensor %q begins after the end of the file", f.Tensors[i].Name)
		}
		if r.err != nil {
			return nil
		}
		r.off = base + int(offsets[i])
		r.data(&f.Tensors[i])
	}
	return f
}

// data reads the elements of a tensor at the current offset.
func (r *reader) data(t *Tensor) {
	size := map[Type]int{F32: 4, F16: 2}[t.Type]
	if size == 0 {
		r.fail("tensor %q: element type %d, want F32 (0) or F16 (1)", t.Name, t.Type)
		return
	}
	n := 1
	for _, d := range t.Dims {
		if d == 0 || n > (len(r.b)-r.off)/(size*d) {
			r.fail("tensor %q: dimensions %v do not fit in the file", t.Name, t.Dims)
			return
		}
		n *= d
	}
	b := r.take(uint64(n * size))
	if r.err != nil {
		return
	}
	t.Data = make([]float32, n)
	for i := range t.Data {
		if t.Type == F16 {
			t.Data[i] = fromHalf(binary.LittleEndian.Uint16(b[2*i:]))
		} else {
			t.Data[i] = math.Float32frombits(binary.LittleEndian.Uint32(b[4*i:]))
		}
	}
}

// value reads one metadata value.
func (r *reader) value(typ uint64, depth int) any {
	switch typ {
	case typeUint8:
		return uint8(r.uint(1))
	case typeInt8:
		return int8(r.uint(1))
	case typeUint16:
		return uint16(r.uint(2))
	case typeInt16:
		return int16(r.uint(2))
	case typeUint32:
		return uint32(r.uint(4))
	case typeInt32:
		return int32(r.uint(4))
	case typeUint64:
		return r.uint(8)
	case typeInt64:
		return int64(r.uint(8))
	case typeFloat32:
		return math.Float32frombits(uint32(r.uint(4)))
	case typeFloat64:
		return math.Float64frombits(r.uint(8))
	case typeBool:
		return r.uint(1) != 0
	case typeString:
		return r.string()
	case typeArray:
		return r.array(depth)
	}
	r.fail("metadata value of unknown type %d", typ)
	return nil
}

func (r *reader) array(depth int) any {
	typ := r.uint(4)
	n := r.count("array elements", math.MaxInt32, 1)
	if depth == maxNesting {
		r.fail("arrays nested deeper than %d", maxNesting)
	}
	switch typ {
	case typeString:
		return collect[string](r, n, typ, depth)
	case typeInt32:
		return collect[int32](r, n, typ, depth)
	case typeUint32:
		return collect[uint32](r, n, typ, depth)
	case typeFloat32:
		return collect[float32](r, n, typ, depth)
	}
	return collect[any](r, n, typ, depth)
}

func collect[T any](r *reader, n int, typ uint64, depth int) []T {
	var list []T // grows with the elements read: n may be larger than the file
	for range n {
		v := r.value(typ, depth+1)
		if r.err != nil {
			return nil
		}
		list = append(list, v.(T))
	}
	return list
}
