package modelservertest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"time"
)

// A reply generates and sends the response to one request.
type reply struct {
	server  *Server
	request *Request
	mode    Mode
	http    http.ResponseWriter
	ctx     context.Context
	body    map[string]any
	chat    bool // OpenAI's chat
	native  bool // llama.cpp's own endpoint

	sent    []token // so far
	forEver bool    // the tokens repeat until the client is gone
}

// A token is one that the model generates.
type token struct {
	text    string
	thought bool // sent apart from the text
	hidden  bool // not sent, but counted
}

// endOfThinking is the token that ends the thinking.
const endOfThinking = "</think>\n"

// logprob is the log-probability of every token; a Server with ModeNaN sends NaN for it.
const logprob = -0.25

// generate generates the continuation of a prompt, and sends it.
func (r *reply) generate(prompt string) {
	tokens := r.continuation(prompt)
	limit := r.limit()
	finish := "stop"
	if len(tokens) > limit {
		tokens, finish = tokens[:limit], "length"
	}
	if r.streams() {
		r.stream(tokens, finish)
		return
	}
	for _, t := range tokens {
		r.count()
		r.sent = append(r.sent, t)
	}
	r.http.Header().Set("Content-Type", "application/json")
	r.write(r.document(finish))
	r.end()
}

// stream sends tokens and the reason of their end as events.
func (r *reply) stream(tokens []token, finish string) {
	r.http.Header().Set("Content-Type", "text/event-stream")
	r.comments()
	if r.chat && r.server.options.Wire == WireVLLM { // its first chunk has the role
		r.event(r.chunk(map[string]any{"role": "assistant", "content": ""}, nil, nil))
	}
	breaks := r.mode.breaks(len(tokens))
	for i := 0; i < len(tokens) || r.forEver; i++ {
		if i == breaks {
			r.breakOff()
			return
		}
		if r.mode == ModeSlow {
			r.pause()
		}
		if r.server.options.Before != nil {
			r.server.options.Before(r.ctx, i)
		}
		if r.ctx.Err() != nil {
			return
		}
		t := tokens[i%len(tokens)]
		r.count()
		stop := r.stops(t.text)
		if stop != "" && r.native { // llama.cpp sends the stop string apart
			r.sent = append(r.sent, token{})
			r.event(r.nativeChunk(token{}, false, "", ""))
			r.event(r.nativeChunk(token{}, true, "word", stop))
			r.end()
			return
		}
		r.sent = append(r.sent, t)
		if t.hidden {
			continue
		}
		if r.token(t, stop != ""); stop != "" {
			return
		}
	}
	if breaks == len(tokens) {
		r.breakOff()
		return
	}
	r.finish(finish)
}

// continuation returns the tokens that follow a prompt: thinking, its end and the text; after
// the end of thinking only the text. A chat sends thinking apart, as the mode says, and not
// its end; vLLM's and llama.cpp's other endpoints do not parse it.
func (r *reply) continuation(prompt string) []token {
	parsed := []Mode{ModeReasoning, ModeReasoningContent, ModeReasoningOnly, ModeThinksForEver}
	apart := r.chat && slices.Contains(parsed, r.mode)
	var thinking, text []token
	for _, t := range r.server.options.Thinking {
		thinking = append(thinking, token{text: t, thought: apart})
	}
	for _, t := range r.server.options.Text {
		text = append(text, token{text: t, thought: r.chat && r.mode == ModeReasoningOnly})
	}
	switch {
	case strings.Contains(prompt, strings.TrimSpace(endOfThinking)), len(thinking) == 0:
		return tokensAfter(prompt, text)
	case r.mode == ModeThinksForEver:
		r.forEver = true
		return thinking
	case r.mode == ModeReasoningOnly:
		return tokensAfter(prompt, slices.Concat(thinking, text))
	}
	return tokensAfter(prompt, slices.Concat(thinking, []token{{text: endOfThinking, hidden: apart}}, text))
}

// tokensAfter returns the tokens that follow those with which the prompt ends.
func tokensAfter(prompt string, all []token) []token {
	for n := len(all); n > 0; n-- {
		text := ""
		for _, t := range all[:n] {
			text += t.text
		}
		if strings.HasSuffix(prompt, text) {
			return all[n:]
		}
	}
	return all
}

// limit returns the most tokens of the response.
func (r *reply) limit() int {
	if r.mode == ModeIgnoresLimit || r.mode == ModeThinksForEver {
		return 1 << 20
	}
	for _, name := range []string{"max_tokens", "n_predict"} {
		if n, ok := r.body[name].(float64); ok {
			return int(n)
		}
	}
	return 1 << 20
}

// streams reports whether to stream the response.
func (r *reply) streams() bool { return r.body["stream"] == true && r.mode != ModePlainJSON }

// stops returns the stop string with which a text ends, or "".
func (r *reply) stops(text string) string {
	list, _ := r.body["stop"].([]any)
	for _, stop := range list {
		if stop, ok := stop.(string); ok && strings.HasSuffix(text, stop) {
			return stop
		}
	}
	return ""
}

// count counts a token as generated.
func (r *reply) count() {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.request.Generated++
}

// end notes that all was sent.
func (r *reply) end() {
	r.server.mu.Lock()
	defer r.server.mu.Unlock()
	r.request.Ended = true
}

// comments sends the comments of the mode.
func (r *reply) comments() {
	for i := 0; r.mode == ModeSilent || r.mode == ModeKeepAlive && i < 5; i++ {
		io.WriteString(r.http, ": keep-alive\n\n")
		r.http.(http.Flusher).Flush()
		if r.pause(); r.ctx.Err() != nil {
			return
		}
	}
}

// pause blocks for Options.Pause, or until the client is gone.
func (r *reply) pause() {
	select {
	case <-r.ctx.Done():
	case <-time.After(r.server.options.Pause):
	}
}

// breakOff ends the stream as the mode does.
func (r *reply) breakOff() {
	switch r.mode {
	case ModeCut:
		panic(http.ErrAbortHandler)
	case ModeErrorEvent:
		died := map[string]any{"message": "EngineCore died", "type": "InternalServerError", "code": 500}
		r.event(map[string]any{"error": died})
		io.WriteString(r.http, "data: [DONE]\n\n")
	default:
		if r.native {
			panic(http.ErrAbortHandler) // llama.cpp has no such reason
		}
		r.finish("abort")
	}
}

// write sends a JSON value as it is.
func (r *reply) write(v any) {
	data, err := json.Marshal(v)
	if err != nil {
		panic(err)
	}
	if r.mode == ModeNaN {
		data = bytes.ReplaceAll(data, []byte(fmt.Sprint(logprob)), []byte("NaN"))
	}
	r.http.Write(data)
}

// event sends a server-sent event.
func (r *reply) event(v any) {
	io.WriteString(r.http, "data: ")
	r.write(v)
	if r.mode == ModeHugeLine {
		io.WriteString(r.http, strings.Repeat(" ", 8<<20))
	}
	io.WriteString(r.http, "\n\n")
	r.http.(http.Flusher).Flush()
}
