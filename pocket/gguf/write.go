package gguf

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// Write writes the file, with tensors in their Type. A value that is too large for F16 becomes
// infinite. Write returns an error for a tensor whose Data does not fit its Dims or whose Type
// is not F32 or F16, and for metadata of a type other than uint32, uint64, float32, bool,
// string, []int32 and []string.
func (f *File) Write(w io.Writer) error {
	var b bytes.Buffer
	b.WriteString(magic)
	put(&b, uint32(version), uint64(len(f.Tensors)), uint64(len(f.Meta)))
	for _, kv := range f.Meta {
		putString(&b, kv.Key)
		if err := putValue(&b, kv.Value); err != nil {
			return fmt.Errorf("gguf: key %q: %w", kv.Key, err)
		}
	}
	var data bytes.Buffer
	for _, t := range f.Tensors {
		putString(&b, t.Name)
		put(&b, uint32(len(t.Dims)))
		n := 1
		for _, d := range t.Dims {
			put(&b, uint64(d))
			n *= d
		}
		if n != len(t.Data) {
			return fmt.Errorf("gguf: tensor %q: %d elements for dimensions %v", t.Name, len(t.Data), t.Dims)
		}
		put(&b, uint32(t.Type), uint64(data.Len()))
		switch t.Type {
		case F32:
			put(&data, t.Data)
		case F16:
			for _, v := range t.Data {
				put(&data, toHalf(v))
			}
		default:
			return fmt.Errorf("gguf: tensor %q: cannot write type %d", t.Name, t.Type)
		}
		pad(&data)
	}
	pad(&b)
	if _, err := w.Write(append(b.Bytes(), data.Bytes()...)); err != nil {
		return fmt.Errorf("gguf: write: %w", err)
	}
	return nil
}

func pad(b *bytes.Buffer) { b.Write(make([]byte, -b.Len()&(alignment-1))) }

// put writes values of fixed size, in the sense of encoding/binary; of others it writes
// nothing. Writing to a bytes.Buffer cannot fail.
func put(b *bytes.Buffer, values ...any) {
	for _, v := range values {
		switch v := v.(type) { // frequent types without reflection
		case uint16:
			b.Write(binary.LittleEndian.AppendUint16(nil, v))
		case []float32:
			for _, x := range v {
				b.Write(binary.LittleEndian.AppendUint32(nil, math.Float32bits(x)))
			}
		default:
			_ = binary.Write(b, binary.LittleEndian, v)
		}
	}
}

func putString(b *bytes.Buffer, s string) {
	put(b, uint64(len(s)))
	b.WriteString(s)
}

func putValue(b *bytes.Buffer, v any) error {
	switch v := v.(type) {
	case uint32:
		put(b, uint32(typeUint32), v)
	case uint64:
		put(b, uint32(typeUint64), v)
	case float32:
		put(b, uint32(typeFloat32), v)
	case bool:
		put(b, uint32(typeBool), v)
	case string:
		put(b, uint32(typeString))
		putString(b, v)
	case []int32:
		put(b, uint32(typeArray), uint32(typeInt32), uint64(len(v)), v)
	case []string:
		put(b, uint32(typeArray), uint32(typeString), uint64(len(v)))
		for _, s := range v {
			putString(b, s)
		}
	default:
		return fmt.Errorf("cannot write a %T", v)
	}
	return nil
}
