package openai

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Limits of what Expand does to continue a text that the server aborted.
const (
	maxContinuations = 4                      // of one child
	maxFailures      = 4                      // of a child in a row, without a new token
	firstPause       = 100 * time.Millisecond // before another attempt after the first of them; doubles
	longestPause     = time.Minute            // that a server may ask for
)

// finish sends c until all samples are finished, and returns the usage that the server
// states. If the stream of a single sample breaks off for a transient reason, finish keeps
// the text and requests the rest of it: the prompt then ends with the text so far. The
// server's chat markup does not allow for that everywhere, so a chat is not continued, and
// neither is a text whose tokens cannot be counted. A server that falls silent is not asked
// again.
func (e *Engine) finish(ctx context.Context, p protocol, c call, samples []*sample) (usage, error) {
	var sum usage
	s, first := samples[0], c
	for continued, failed := 0, 0; ; {
		u, err := e.stream(ctx, p, c, samples)
		sum = sum.add(u)
		if err == nil || !reasoning.Transient(err) || errors.Is(err, errIdle) || len(samples) > 1 || c.template.Chat {
			return sum, err
		}
		had := s.count.before
		if s.count.total() == 0 {
			return sum, err
		}
		s.count.next()
		switch {
		case s.count.before >= s.limit:
			s.end(reasoning.FinishLength)
			return sum, nil
		case s.count.before > had && continued < maxContinuations:
			continued, failed = continued+1, 0
		case continued == maxContinuations, failed+1 == maxFailures, reasoning.Delay(err) > longestPause:
			return sum, fmt.Errorf("%w (after %d tokens)", err, s.count.before)
		default:
			failed++
			if pause(ctx, max(firstPause<<(failed-1), reasoning.Delay(err))) != nil {
				return sum, err
			}
		}
		c = first.rest(s, continued)
		c.before = sum
	}
}

// rest returns the call for the rest of a sample.
func (c call) rest(s *sample, continued int) call {
	s.request.received, s.request.ended = false, false
	c.text.Steps = append(slices.Clone(c.text.Steps), s.text())
	c.sampling.MaxTokens = s.limit - s.count.before
	c.seed = c.seed.Child(continued)
	return c
}

// pause blocks for d or until ctx ends, and then returns its cause.
func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
