package pocket

import (
	"syscall"
	"testing"
	"time"
)

// BenchmarkDecode measures the decoding speed of one core at the size of pocket-0.8m:
// eight sequences share a prompt of a problem's length.
func BenchmarkDecode(b *testing.B) {
	m := randomModel(b, large, 1)
	s := newScratch(m)
	prompt := make([]int, 150)
	for i := range prompt {
		prompt[i] = 4 + i%90
	}
	p, _ := s.prefill(&prefixCache{}, prompt, false)
	const sequences, length = 8, 48
	start, tokens := cpuTime(), 0
	for b.Loop() {
		var batch [sequences]input
		for i := range batch {
			batch[i] = input{view{p.kv, newSegment(m.config, len(prompt), length)}, 4 + i}
		}
		for range length {
			s.predict(s.forward(batch[:]))
			tokens += sequences
		}
	}
	b.ReportMetric(float64(tokens)/(cpuTime()-start).Seconds(), "tok/cpu-s")
}

// BenchmarkPrefill measures the prefill speed of one core.
func BenchmarkPrefill(b *testing.B) {
	m := randomModel(b, large, 1)
	s := newScratch(m)
	prompt := make([]int, 150)
	start, tokens := cpuTime(), 0
	for b.Loop() {
		s.prefill(&prefixCache{limit: -1}, prompt, false)
		tokens += len(prompt)
	}
	b.ReportMetric(float64(tokens)/(cpuTime()-start).Seconds(), "tok/cpu-s")
}

func cpuTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
