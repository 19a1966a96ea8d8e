package openai

import (
	"cmp"
	"encoding/json"
	"iter"
	"maps"

	"github.com/ponder-mesh/ponder/internal/modelserver"
)

// A protocol is one endpoint of one kind of server.
type protocol struct {
	path   string
	stops  bool // responses distinguish a stop string from the end of the text
	body   func(call) map[string]any
	frames func(s *modelserver.Stream, limit int64) iter.Seq2[[]byte, error]
	parse  func([]byte) (frame, error)
}

// protocolOf returns the endpoint of a dialect that reports most. llama.cpp's own
// endpoint reports the stop string, and OpenAI's does not. ollama's own endpoints have
// log-probabilities and all sampler options, and OpenAI's do not.
func protocolOf(d Dialect, chat bool) protocol {
	switch {
	case d == DialectLlamaCpp && !chat:
		return protocol{
			path: "/completion", stops: true,
			body: llamaBody, frames: (*modelserver.Stream).Events, parse: parseLlama,
		}
	case d == DialectOllama && chat:
		return protocol{path: "/api/chat", body: ollamaChat, frames: (*modelserver.Stream).Lines, parse: parseOllama}
	case d == DialectOllama:
		return protocol{path: "/api/generate", body: ollamaGenerate, frames: (*modelserver.Stream).Lines, parse: parseOllama}
	}
	path := "completions"
	if chat {
		path = "chat/completions"
	}
	body := func(c call) map[string]any {
		body := standardBody(c, chat)
		maps.Copy(body, additions[d])
		if c.until != "" {
			maps.Copy(body, specialTokens[d])
		}
		return body
	}
	return protocol{
		path: path, stops: d == DialectVLLM || d == DialectSGLang,
		body: body, frames: (*modelserver.Stream).Events, parse: parseChunk,
	}
}

// additions are the options that a dialect adds to every request. They keep the stop
// string in the text, request token counts with every event, and switch off the
// defaults of servers and models that change the distribution, so that only temperature
// and top-p do.
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

// specialTokens are the options that make a server send special tokens as text, so that
// a text like "<|im_start|>answer" can be found, but not the end-of-text token.
var specialTokens = map[Dialect]map[string]any{
	DialectVLLM:   {"skip_special_tokens": false, "include_stop_str_in_output": false},
	DialectSGLang: {"skip_special_tokens": false, "no_stop_trim": false},
}

var continuousUsage = map[string]any{"include_usage": true, "continuous_usage_stats": true}

// standardBody returns a request in OpenAI's API.
func standardBody(c call, chat bool) map[string]any {
	body := map[string]any{
		"model":          c.model,
		"max_tokens":     c.sampling.MaxTokens,
		"temperature":    c.sampling.Temperature,
		"top_p":          c.sampling.TopP,
		"seed":           portableSeed(c.seed),
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

// A content is the text of a choice: the choice of the completions API itself, or in the
// chat API the delta of a stream and the message of a document.
type content struct {
	Text     string `json:"text"`
	Content  string `json:"content"`
	Thought  string `json:"reasoning"`         // vLLM, ollama and others
	Thought2 string `json:"reasoning_content"` // llama.cpp, SGLang, and vLLM before 0.12
	Tools    []any  `json:"tool_calls"`
}

// parseChunk parses chunks and documents of OpenAI's completions and chat API, with the
// additions of vLLM, SGLang and llama.cpp.
func parseChunk(data []byte) (frame, error) {
	var chunk struct {
		Choices []struct {
			content
			Index        int                  `json:"index"`
			Delta        content              `json:"delta"`
			Message      content              `json:"message"`
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
		e := event{choice: c.Index, tokens: c.Logprobs, finish: c.FinishReason}
		for _, part := range []content{c.content, c.Delta, c.Message} {
			e.reasoning += cmp.Or(part.Thought2, part.Thought) // some servers send both, with the same text
			e.text += part.Text + part.Content
			e.tools = e.tools || len(part.Tools) > 0
		}
		if chunk.Usage != nil && len(chunk.Choices) == 1 {
			e.sampled = chunk.Usage.Generated // the usage so far is that of the only choice
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
