package openai

import (
	"encoding/json"
	"io"
	"iter"
	"maps"

	"github.com/ponder-mesh/ponder/internal/modelserver"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/policy/template"
)

// A call is one request for n continuations, whatever the server.
type call struct {
	model    string
	template template.Template
	text     template.Text
	sampling reasoning.Sampling
	seed     reasoning.Seed
	n        int
	stop     string // ends the text, if not empty; only protocols that stop are given one
	until    string // ends a choice, if not empty; the server is not told
}

// A protocol is one endpoint of one kind of server.
type protocol struct {
	path   string
	stops  bool // it tells a stop string from the end of the text
	body   func(call) map[string]any
	frames func(io.Reader) iter.Seq2[[]byte, error]
	parse  func([]byte) (frame, error)
}

// A frame is what one event of a stream says.
type frame struct {
	events []event
	usage  *usage // of the request, as far as it is known yet
}

// An event is news of one choice.
type event struct {
	choice  int
	text    string
	tokens  []modelserver.Token // sampled since the last event, if told
	sampled int                 // tokens sampled so far, if told: it counts those without text, too
	finish  string              // "stop" or "length" at the end
	stopped string              // the stop string that was met and removed, if told
}

type usage struct{ prompt, cached, generated int }

// protocolOf says how a dialect is best asked to continue prompts or chats.
// llama.cpp's own completions tell the stop string, and OpenAI's do not; ollama's
// own API has log-probabilities and the sampler's settings, and OpenAI's has not.
func protocolOf(d Dialect, chat bool) protocol {
	switch {
	case d == DialectLlamaCpp && !chat:
		return protocol{path: "/completion", stops: true, body: llamaBody, frames: modelserver.Events, parse: parseLlama}
	case d == DialectOllama && chat:
		return protocol{path: "/api/chat", body: ollamaChat, frames: modelserver.Lines, parse: parseOllama}
	case d == DialectOllama:
		return protocol{path: "/api/generate", body: ollamaGenerate, frames: modelserver.Lines, parse: parseOllama}
	}
	path := "completions"
	if chat {
		path = "chat/completions"
	}
	body := func(c call) map[string]any {
		body := standard(c, chat)
		maps.Copy(body, additions[d])
		if c.until != "" {
			maps.Copy(body, visible[d])
		}
		return body
	}
	return protocol{path: path, stops: d == DialectVLLM || d == DialectSGLang, body: body, frames: modelserver.Events, parse: parseChunk}
}

// additions are a dialect's to every request. They keep the stop string in the
// text, have tokens counted as they come, and switch off what servers do to a
// distribution unasked, from their own defaults or the model's, so that only
// temperature and top-p shape it.
var additions = map[Dialect]map[string]any{
	DialectVLLM: {
		"top_k": -1, "min_p": 0, "repetition_penalty": 1, "presence_penalty": 0, "frequency_penalty": 0,
		"include_stop_str_in_output": true, "stream_options": continuousUsage,
	},
	DialectSGLang: {
		"top_k": -1, "min_p": 0, "repetition_penalty": 1, "presence_penalty": 0, "frequency_penalty": 0,
		"no_stop_trim": true, "stream_options": continuousUsage,
	},
	DialectLlamaCpp: {"samplers": []string{"temperature", "top_p"}, "cache_prompt": true, "timings_per_token": true},
}

// visible has special tokens told as text where a text like "<|im_start|>answer" is
// waited for, but not the one that ends it all.
var visible = map[Dialect]map[string]any{
	DialectVLLM:   {"skip_special_tokens": false, "include_stop_str_in_output": false},
	DialectSGLang: {"skip_special_tokens": false, "no_stop_trim": false},
}

var continuousUsage = map[string]any{"include_usage": true, "continuous_usage_stats": true}

// portable is the seed as every server takes it: positive and of 31 bits.
// llama.cpp's default, all 32 bits set, would mean a random one.
func portable(s reasoning.Seed) int64 { return max(1, int64(s>>33)) }

// standard is a request in OpenAI's API.
func standard(c call, chat bool) map[string]any {
	body := map[string]any{
		"model":          c.model,
		"max_tokens":     c.sampling.MaxTokens,
		"temperature":    c.sampling.Temperature,
		"top_p":          c.sampling.TopP,
		"seed":           portable(c.seed),
		"stream":         true,
		"stream_options": map[string]any{"include_usage": true},
	}
	if c.n > 1 {
		body["n"] = c.n
	}
	if c.stop != "" {
		body["stop"] = []string{c.stop}
	}
	if !chat {
		body["prompt"] = c.template.Prompt(c.text)
		body["logprobs"] = 1
		return body
	}
	body["messages"] = c.template.Messages(c.text)
	body["logprobs"], body["top_logprobs"] = true, 1
	if len(c.text.Steps) > 0 {
		body["continue_final_message"], body["add_generation_prompt"] = true, false
	}
	return body
}

// parseChunk reads OpenAI's chunks, of completions and of chats, with the
// additions of vLLM, SGLang and llama.cpp.
func parseChunk(data []byte) (frame, error) {
	var chunk struct {
		Choices []struct {
			Index int    `json:"index"`
			Text  string `json:"text"`
			Delta struct {
				Content string `json:"content"`
			} `json:"delta"`
			Logprobs     modelserver.Logprobs `json:"logprobs"`
			FinishReason string               `json:"finish_reason"`
		} `json:"choices"`
		Usage *struct {
			Prompt    int `json:"prompt_tokens"`
			Generated int `json:"completion_tokens"`
			Details   struct {
				Cached int `json:"cached_tokens"`
			} `json:"prompt_tokens_details"`
		} `json:"usage"`
		Timings *timings `json:"timings"`
	}
	if err := json.Unmarshal(data, &chunk); err != nil {
		return frame{}, err
	}
	var f frame
	for _, c := range chunk.Choices {
		e := event{choice: c.Index, text: c.Text + c.Delta.Content, tokens: c.Logprobs, finish: c.FinishReason}
		if chunk.Usage != nil && len(chunk.Choices) == 1 {
			e.sampled = chunk.Usage.Generated // of this choice, so far
		}
		f.events = append(f.events, e)
	}
	switch {
	case chunk.Usage != nil:
		f.usage = &usage{prompt: chunk.Usage.Prompt, cached: chunk.Usage.Details.Cached}
		if len(chunk.Choices) == 0 {
			f.usage.generated = chunk.Usage.Generated
		}
	case chunk.Timings != nil:
		f.usage = chunk.Timings.usage()
	}
	return f, nil
}
