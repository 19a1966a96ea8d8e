package backend

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A bench of 300 problems with all strategies to N = 256 records some 10^6 results:
// half of them children, half scores. Its store must open in seconds, fit a laptop's
// memory, and answer faster than any engine.

// sample is a child as pocket models write them: five short lines.
func sample(i int) *recorded {
	r := &recorded{Finish: reasoning.FinishEnd, Usage: reasoning.Usage{Generated: 41, FLOPs: 2.5e7}}
	for j := range 5 {
		text := fmt.Sprintf("%d+%d=%d\n", i, j, i+j)
		r.Steps = append(r.Steps, reasoning.Step{Text: text, Tokens: 8, LogProb: -0.1234567 * float64(i%7)})
	}
	return r
}

func key(i int) string { return hash("child %d", i) }

// filled is the path of a store with n samples.
func filled(b *testing.B, n int) string {
	path := filepath.Join(b.TempDir(), "store")
	s, err := OpenFile(path)
	if err != nil {
		b.Fatal(err)
	}
	for i := range n {
		if err := save(b.Context(), s, key(i), sample(i)); err != nil {
			b.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		b.Fatal(err)
	}
	return path
}

func BenchmarkFilePut(b *testing.B) {
	path := filepath.Join(b.TempDir(), "store")
	s, err := OpenFile(path)
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for i := 0; b.Loop(); i++ {
		if err := save(b.Context(), s, key(i), sample(i)); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(s.end)/float64(len(s.lines)), "disk-B/record")
}

func BenchmarkFileGet(b *testing.B) {
	const n = 10_000
	s, err := OpenFile(filled(b, n))
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	for i := 0; b.Loop(); i++ {
		var r recorded
		if ok, err := load(b.Context(), s, key(i*7919%n), &r); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
}

func BenchmarkFileOpen(b *testing.B) {
	const n = 100_000
	path := filled(b, n)
	info, err := os.Stat(path)
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(info.Size())
	for b.Loop() {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		s, err := OpenFile(path)
		if err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/n, "heap-B/record")
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/record")
}
