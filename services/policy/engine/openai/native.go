package openai

import (
	"encoding/json"
	"maps"

	"github.com/ponder-mesh/ponder/internal/modelserver"
)

// llamaBody returns a request to llama.cpp's own POST /completion.
func llamaBody(c call) map[string]any {
	body := map[string]any{
		"prompt":      c.template.Prompt(c.text),
		"n_predict":   c.sampling.MaxTokens,
		"temperature": c.sampling.Temperature,
		"top_p":       c.sampling.TopP,
		"seed":        portableSeed(c.seed),
		"n_probs":     1, // log-probabilities before the samplers change the distribution
		"stream":      true,
	}
	maps.Copy(body, additions[DialectLlamaCpp])
	if c.n > 1 {
		body["n_cmpl"] = c.n
	}
	if c.stop != "" {
		body["stop"] = []string{c.stop}
	}
	return body
}

// timings are llama.cpp's token counts of one choice.
type timings struct {
	Cached int `json:"cache_n"`
	Read   int `json:"prompt_n"`
}

func (t timings) usage() *usage { return &usage{prompt: t.Cached + t.Read, cached: t.Cached} }

// parseLlama parses an event of llama.cpp's own POST /completion.
func parseLlama(data []byte) (frame, error) {
	var chunk struct {
		Index        int                  `json:"index"`
		Content      string               `json:"content"`
		Probs        modelserver.Logprobs `json:"completion_probabilities"`
		Predicted    int                  `json:"tokens_predicted"`
		Stop         bool                 `json:"stop"`
		StopType     string               `json:"stop_type"`
		StoppingWord string               `json:"stopping_word"`
		Timings      *timings             `json:"timings"`
	}
	if err := json.Unmarshal(data, &chunk); err != nil {
		return frame{}, err
	}
	e := event{choice: chunk.Index, text: chunk.Content, tokens: chunk.Probs, sampled: chunk.Predicted}
	if chunk.Stop {
		switch chunk.StopType {
		case "eos":
			e.finish = "stop"
		case "word":
			e.finish, e.stopped = "stop", chunk.StoppingWord
		default:
			e.finish = "length"
		}
	}
	f := frame{events: []event{e}}
	if chunk.Timings != nil {
		f.usage = chunk.Timings.usage()
	}
	return f, nil
}

// ollamaOptions returns the part of a request that both of ollama's own endpoints
// share. It makes a prompt that does not fit an error: by default ollama truncates the
// beginning of the prompt silently.
func ollamaOptions(c call) map[string]any {
	options := map[string]any{
		"num_predict": c.sampling.MaxTokens,
		"temperature": c.sampling.Temperature,
		"top_p":       c.sampling.TopP,
		"seed":        portableSeed(c.seed),
		// Switch off ollama's default changes to the distribution.
		"top_k": 0, "min_p": 0, "typical_p": 1, "repeat_penalty": 1, "presence_penalty": 0, "frequency_penalty": 0,
	}
	return map[string]any{
		"model": c.model, "options": options, "stream": true, "logprobs": true,
		"truncate": false, "shift": false,
	}
}

func ollamaGenerate(c call) map[string]any {
	body := ollamaOptions(c)
	body["prompt"], body["raw"] = c.template.Prompt(c.text), true
	return body
}

// ollamaChat sets no option to continue the assistant's last turn: ollama always does.
func ollamaChat(c call) map[string]any {
	body := ollamaOptions(c)
	body["messages"] = c.template.Messages(c.text)
	return body
}

// parseOllama parses a line of either of ollama's own endpoints.
func parseOllama(data []byte) (frame, error) {
	var chunk struct {
		Response string `json:"response"`
		Thinking string `json:"thinking"`
		Message  struct {
			Content  string `json:"content"`
			Thinking string `json:"thinking"`
			Tools    []any  `json:"tool_calls"`
		} `json:"message"`
		Logprobs   modelserver.Logprobs `json:"logprobs"`
		Done       bool                 `json:"done"`
		DoneReason string               `json:"done_reason"`
		Prompt     int                  `json:"prompt_eval_count"`
		Generated  int                  `json:"eval_count"`
	}
	if err := json.Unmarshal(data, &chunk); err != nil {
		return frame{}, err
	}
	f := frame{events: []event{{
		reasoning: chunk.Thinking + chunk.Message.Thinking, text: chunk.Response + chunk.Message.Content,
		tools: len(chunk.Message.Tools) > 0, tokens: chunk.Logprobs,
	}}}
	if chunk.Done {
		f.events[0].finish = chunk.DoneReason
		f.usage = &usage{prompt: chunk.Prompt, generated: chunk.Generated}
	}
	return f, nil
}
