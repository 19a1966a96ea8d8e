package backend

import (
	"bytes"
	"encoding/gob"
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/ponder-mesh/ponder/reasoning"
)

func TestRecordsComeBackAsTheyWere(t *testing.T) {
	s := NewMemory(1 << 20)
	child := recorded{
		Steps:  []reasoning.Step{{Text: "a\x00\xff\n", Tokens: 3, LogProb: math.Inf(-1)}, {Text: "", LogProb: math.NaN()}},
		Finish: reasoning.FinishEnd,
		Usage:  reasoning.Usage{Generated: 1, Prompt: math.MaxInt64, Cached: 3, Verifier: 4, FLOPs: 0.1},
	}
	path := scored{Scores: []float64{0, 0.1, 1}, Usage: reasoning.Usage{Verifier: 9}}
	for key, r := range map[string]record{"child": &child, "path": &path, "none": &recorded{}, "prefix": &prefixed{7}} {
		if err := save(t.Context(), s, key, r); err != nil {
			t.Fatal(err)
		}
	}
	var gotChild recorded
	var gotPath scored
	for key, r := range map[string]record{"child": &gotChild, "path": &gotPath} {
		if ok, err := load(t.Context(), s, key, r); !ok || err != nil {
			t.Errorf("%s: %t, %v", key, ok, err)
		}
	}
	if diff := cmp.Diff(gotChild, child, cmpopts.EquateNaNs()); diff != "" {
		t.Errorf("child (-got +want):\n%s", diff)
	}
	if diff := cmp.Diff(gotPath, path); diff != "" {
		t.Errorf("path (-got +want):\n%s", diff)
	}
	if ok, err := load(t.Context(), s, "other", &gotChild); ok || err != nil {
		t.Errorf("a key that is not there: %t, %v", ok, err)
	}
}

// A record keeps its waste. One without waste has the bytes of stores that did not name it, so that either release reads
// the other's.
func TestRecordsKeepWaste(t *testing.T) {
	plain := recorded{Steps: []reasoning.Step{{Text: "a", Tokens: 2}}, Finish: reasoning.FinishEnd, Usage: reasoning.Usage{Generated: 9}}
	wasted := plain
	wasted.Waste = reasoning.Waste{Failed: reasoning.Usage{Generated: 4}, Untrusted: reasoning.Usage{Generated: 3, FLOPs: 6}}
	wasted.Unknown = reasoning.Usage{Generated: 64}
	s := NewMemory(1 << 20)
	if err := save(t.Context(), s, "key", &wasted); err != nil {
		t.Fatal(err)
	}
	var got recorded
	if ok, err := load(t.Context(), s, "key", &got); !ok || err != nil || !cmp.Equal(got, wasted) {
		t.Errorf("got %+v, %t and error %v, want %+v", got, ok, err, wasted)
	}
	before, with := itemOf("key", &plain).Value, itemOf("key", &wasted).Value
	if !bytes.HasPrefix(with, before) || len(with) == len(before) {
		t.Errorf("the waste is not behind the other fields:\n%x\n%x", before, with)
	}
	if cut := (&Memoed{}).cut(wasted, 1); cut.Waste != (reasoning.Waste{}) || cut.Usage.Generated != 2 || cut.Unknown != (reasoning.Usage{}) {
		t.Errorf("cut to its only step it has usage %+v, waste %+v and unknown %+v", cut.Usage, cut.Waste, cut.Unknown)
	}
}

// Stores of before have gob values.
func TestGobRecordsAreRead(t *testing.T) {
	type before struct {
		Steps  []reasoning.Step
		Finish reasoning.Finish
		Usage  reasoning.Usage
	}
	want := recorded{
		Steps:  []reasoning.Step{{Text: "a\xff", Tokens: 2, LogProb: -1}},
		Finish: reasoning.FinishStep, Usage: reasoning.Usage{Generated: 2},
	}
	var b bytes.Buffer
	if err := gob.NewEncoder(&b).Encode(before{want.Steps, want.Finish, want.Usage}); err != nil {
		t.Fatal(err)
	}
	s := NewMemory(1 << 20)
	_ = s.Put(t.Context(), Item{"key", b.Bytes()})
	var got recorded
	if ok, err := load(t.Context(), s, "key", &got); !ok || err != nil || !cmp.Equal(got, want) {
		t.Errorf("got %+v, %t and error %v, want %+v", got, ok, err, want)
	}
}

// Bytes that are no record are an error, and never a panic or much memory.
func FuzzRecord(f *testing.F) {
	for _, r := range []record{
		&recorded{Steps: []reasoning.Step{{Text: "a", Tokens: 1}}}, &scored{Scores: []float64{0.5}}, &prefixed{5},
	} {
		var c codec
		r.fields(&c)
		c.bytes = append([]byte{compact}, c.bytes...)
		f.Add(c.bytes)
		f.Add(c.bytes[:len(c.bytes)-1])
	}
	f.Fuzz(func(t *testing.T, value []byte) {
		for _, r := range []record{&recorded{}, &scored{}, &prefixed{}} {
			s := NewMemory(1 << 20)
			_ = s.Put(t.Context(), Item{"key", value})
			if ok, err := load(t.Context(), s, "key", r); ok != (err == nil) {
				t.Errorf("%T: %t, %v", r, ok, err)
			}
		}
	})
}
