package openai

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy"
)

// streamLimit returns the most bytes that a server may send for a number of tokens. A server
// sends a few hundred bytes for each.
func streamLimit(tokens int) int64 { return modelserver.MaxFrame + int64(tokens)*(4<<10) }

// stream sends a request and reads its response until all samples are finished. It returns
// the usage that the server states, as far as it does before an error. After ctx has ended,
// it counts what the server has sent already: see watch.
func (e *Engine) stream(ctx context.Context, p protocol, c call, samples []*sample) (usage, error) {
	what := fmt.Sprintf("POST %s (%s)", e.client.URL(), p.path)
	reading, stop := context.WithCancelCause(context.WithoutCancel(ctx))
	defer stop(nil)
	w := newWatch(e.config.Idle, stop)
	defer w.received()
	defer context.AfterFunc(ctx, func() { w.drain(context.Cause(ctx)) })()
	broken := func(err error) error {
		if ctx.Err() != nil {
			return modelserver.Broken(ctx, what, err)
		}
		return modelserver.Broken(reading, what, err)
	}

	body := p.body(c)
	response, err := e.client.Stream(reading, p.path, body)
	w.received()
	if err != nil {
		if errors.Is(err, modelserver.ErrNoModel) {
			err = reasoning.Mark(err, policy.ErrModel)
		}
		return usage{}, err
	}
	defer response.Close()
	response.ReadCloser = &watched{response.ReadCloser, w}

	r := reader{samples: samples, operation: what, client: e.client, most: len(fmt.Sprint(body))}
	for data, err := range p.frames(response, streamLimit(c.n*c.sampling.MaxTokens)) {
		switch {
		case r.garbled != nil && err == nil:
			return r.usage, fmt.Errorf("%s: %w", what, r.garbled)
		case err != nil:
			return r.usage, broken(err)
		case bytes.Equal(data, []byte("[DONE]")):
			r.done = true
		default:
			if err := r.read(p, data); err != nil {
				return r.usage, err
			}
			c.report(samples, r.usage)
		}
		if r.done || canStop(samples, c.stop != "") {
			break
		}
	}
	if err := cmp.Or(ctx.Err(), reading.Err()); err != nil {
		return r.usage, broken(err)
	}
	for _, s := range samples {
		if s.finish == 0 && (s.request.received || !samples[0].request.received) {
			return r.usage, broken(errors.New("the stream ended before the text did"))
		}
	}
	return r.usage, nil
}

// report calls c.progress for each sample. u is the usage that the server has stated of c.
func (c call) report(samples []*sample, u usage) {
	if c.progress == nil {
		return
	}
	for i, s := range samples {
		c.progress(i, s.count.least(), c.before.add(u))
	}
}

// errIdle indicates that a server sent nothing for too long.
var errIdle = fmt.Errorf("%w", reasoning.ErrUnavailable)

// A reader reads the frames of one response.
type reader struct {
	samples   []*sample
	operation string // for errors
	client    *modelserver.Client
	most      int // bytes of the request
	usage     usage
	garbled   error // of a frame that is not JSON: the stream may have been cut within it
	done      bool
}

// read adds a frame to the samples.
func (r *reader) read(p protocol, data []byte) error {
	if err := r.client.StreamError(r.operation, data); err != nil {
		return err
	}
	f, err := p.parse(data)
	if err != nil {
		r.garbled = modelserver.Malformed(data, err)
		if modelserver.IsNotJSON(data) {
			return fmt.Errorf("%s: event %w", r.operation, r.garbled)
		}
		return nil
	}
	if f.usage != nil {
		if err := f.usage.check(r.most); err != nil {
			return fmt.Errorf("%s: %w", r.operation, err)
		}
		r.usage = *f.usage
		if len(r.samples) == 1 && f.usage.generated > 0 {
			f.events = append(f.events, event{sampled: f.usage.generated})
		}
	}
	for _, ev := range f.events {
		if ev.choice < 0 || ev.choice >= len(r.samples) {
			err := fmt.Errorf("%s: got choice %d of %d", r.operation, ev.choice, len(r.samples))
			return reasoning.Mark(err, modelserver.ErrResponse)
		}
		if err := r.samples[ev.choice].add(ev); err != nil {
			return fmt.Errorf("%s: %w", r.operation, err)
		}
	}
	return nil
}

// canStop reports whether to stop reading a stream before the server ends it. All choices must
// be finished. Where the server has ended all of them itself, or has a stop string and sends
// nothing after it, it is about to send the usage and to end the stream, and is read on.
func canStop(samples []*sample, stopString bool) bool {
	ended, overrun := true, false
	for _, s := range samples {
		if s.finish == 0 {
			return false
		}
		ended = ended && s.request.ended
		overrun = overrun || s.overrun
	}
	return !ended && (overrun || !stopString)
}
