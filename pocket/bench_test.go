package pocket

import (
	"syscall"
	"testing"
	"time"
)

// BenchmarkDecode measures what one core decodes at the size of pocket-0.8m:
// eight sequences that share a prompt of problem's length.
func BenchmarkDecode(b *testing.B) {
	m := randomModel(b, large, 1)
	s := newScratch(m)
	prompt := make([]int, 150)
	for i := range prompt {
		prompt[i] = 4 + i%90
	}
	p, _ := s.read(&prefixes{}, prompt, false)
	const sequences, length = 8, 48
	start, tokens := cpuTime(), 0
	for b.Loop() {
		var batch [sequences]input
		for i := range batch {
			batch[i] = input{view{p.memory, newSegment(m.config, len(prompt), length)}, 4 + i}
		}
		for range length {
			s.predict(s.forward(batch[:]))
			tokens += sequences
		}
	}
	b.ReportMetric(float64(tokens)/(cpuTime()-start).Seconds(), "tok/cpu-s")
}

// BenchmarkRead measures reading prompts.
func BenchmarkRead(b *testing.B) {
	m := randomModel(b, large, 1)
	s := newScratch(m)
	prompt := make([]int, 150)
	start, tokens := cpuTime(), 0
	for b.Loop() {
		s.read(&prefixes{limit: -1}, prompt, false)
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
