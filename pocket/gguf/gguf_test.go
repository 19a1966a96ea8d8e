package gguf

import (
	"bytes"
	"encoding/binary"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func sample() *File {
	return &File{
		Meta: []KV{
			{"general.architecture", "llama"}, {"a.count", uint32(7)}, {"a.big", uint64(1 << 40)}, {"a.eps", float32(1e-5)},
			{"a.flag", true}, {"tokens", []string{"Ġ", "", "x"}}, {"types", []int32{3, -1}},
		},
		Tensors: []Tensor{
			{Name: "m", Dims: []int{3, 2}, Type: F16, Data: []float32{0, 1, -2.5, 65504, 5.9604645e-8, -0.25}},
			{Name: "v", Dims: []int{5}, Type: F32, Data: []float32{1, 2, 3, 4, 1e-30}},
		},
	}
}

func encode(t testing.TB, f *File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := f.Write(&b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestRoundTrip(t *testing.T) {
	got, err := Parse(encode(t, sample()))
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(sample(), got); diff != "" {
		t.Error(diff)
	}
}

// TestLayout checks the bytes: TestRoundTrip would miss an error that Write and Parse
// share.
func TestLayout(t *testing.T) {
	f := &File{Meta: []KV{{"k", uint32(9)}}, Tensors: []Tensor{{Name: "t", Dims: []int{1}, Data: []float32{1}}}}
	var want bytes.Buffer
	le := func(v any) { _ = binary.Write(&want, binary.LittleEndian, v) }
	want.WriteString("GGUF")
	le(uint32(3))
	le(uint64(1))
	le(uint64(1))
	le(uint64(1))
	want.WriteString("k")
	le(uint32(4))
	le(uint32(9))
	le(uint64(1))
	want.WriteString("t")
	le(uint32(1))
	le(uint64(1))
	le(uint32(0))
	le(uint64(0))
	want.Write(make([]byte, 96-want.Len()))
	le(float32(1))
	want.Write(make([]byte, 28))
	if diff := cmp.Diff(want.Bytes(), encode(t, f)); diff != "" {
		t.Error(diff)
	}
}

func TestHalves(t *testing.T) {
	for bits := range 1 << 16 { // every half survives a round trip
		h := uint16(bits)
		f := fromHalf(h)
		if f != f {
			continue
		}
		if got := toHalf(f); got != h {
			t.Fatalf("half %#04x is %g, which converts to %#04x", h, f, got)
		}
	}
	rapid.Check(t, func(t *rapid.T) { // other values round to the nearest half
		v := rapid.Float32Range(-60000, 60000).Draw(t, "v")
		h := toHalf(v)
		gap := math.Abs(float64(fromHalf(h)) - float64(v))
		for _, near := range []uint16{h - 1, h + 1} {
			if n := fromHalf(near); n == n && math.Abs(float64(n)-float64(v)) < gap {
				t.Fatalf("%g rounds to %g, but %g is nearer", v, fromHalf(h), n)
			}
		}
	})
}

func TestBadFiles(t *testing.T) {
	good := encode(t, sample())
	change := func(at int, with ...byte) []byte {
		b := bytes.Clone(good)
		copy(b[at:], with)
		return b
	}
	huge := []byte{255, 255, 255, 255, 255, 255, 255, 255}
	for name, b := range map[string][]byte{
		"not a GGUF":     change(0, 'X'),
		"version":        change(4, 2),
		"tensors":        change(8, huge...),
		"metadata keys":  change(16, huge...),
		"file is cut":    change(24, huge...), // the first key's length
		"unknown type":   change(24+8+len("general.architecture"), 99),
		"elements: more": change(bytes.Index(good, []byte("m\x02\x00\x00\x00"))+5, huge...),
		"[3 100]":        change(bytes.Index(good, []byte("m\x02\x00\x00\x00"))+13, 100),
		"0 dimensions":   change(bytes.Index(good, []byte("m\x02\x00\x00\x00"))+1, 0),
		"element type 9": change(bytes.Index(good, []byte("m\x02\x00\x00\x00"))+21, 9),
		"twice":          bytes.Replace(good, []byte("a.flag"), []byte("a.big\x00")[:6], 1),
	} {
		_, err := Parse(b)
		if name == "twice" {
			b = encode(t, &File{Meta: []KV{{"k", true}, {"k", true}}})
			_, err = Parse(b)
		}
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for n := range good[:len(good)-28] { // cut anywhere before the last padding
		if _, err := Parse(good[:n]); err == nil {
			t.Fatalf("Parse accepts a file that is cut at byte %d of %d", n, len(good))
		}
	}
}

// FuzzReadGGUF checks that no input makes Parse panic or allocate more than the size of
// the input justifies, and that an accepted file survives a round trip.
func FuzzReadGGUF(f *testing.F) {
	f.Add(encode(f, sample()))
	f.Add([]byte("GGUF\x03\x00\x00\x00"))
	f.Fuzz(func(t *testing.T, b []byte) {
		file, err := Parse(b)
		if err != nil {
			return
		}
		size := 0
		for _, tensor := range file.Tensors {
			size += len(tensor.Data)
		}
		if size > len(b)*(1+len(file.Tensors)) {
			t.Fatalf("%d elements from %d bytes", size, len(b))
		}
		for _, tensor := range file.Tensors {
			for _, v := range tensor.Data {
				if v != v {
					return // NaN ≠ NaN
				}
			}
		}
		var again bytes.Buffer
		if file.Write(&again) != nil {
			return // a type that Write does not support
		}
		got, err := Parse(again.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(file.Tensors, got.Tensors); diff != "" {
			t.Fatal(diff)
		}
	})
}
