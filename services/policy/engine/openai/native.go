package openai

import (
	"encoding/json"
	"maps"

	"github.com/ponder-mesh/ponder/internal/modelserver"
)

// llamaBody is a request to llama.cpp's own POST /completion.
func llamaBody(c call) map[string]any {
	body := map[string]any{
		"prompt":      c.template.Prompt(c.text),
		"n_predict":   c.sampling.MaxTokens,
		"temperature": c.sampling.Temperature,
		"top_p":       c.sampling.TopP,
		"seed":        portable(c.seed),
		"n_probs":     1, // of the distribution before the samplers
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

// timings are llama.cpp's counts of one choice.
type timings struct {
	Cached int `json:"cache_n"`
	Read   int `json:"prompt_n"`
}

func (t timings) usage() *usage { return &usage{prompt: t.Cached + t.Read, cached: t.Cached} }

func parseLlama(data []byte) (frame, error) {
	var told struct {
		Index        int                  `json:"index"`
		Content      string               `json:"content"`
		Probs        modelserver.Logprobs `json:"completion_probabilities"`
		Predicted    int                  `json:"tokens_predicted"`
		Stop         bool                 `json:"stop"`
		StopType     string               `json:"stop_type"`
		StoppingWord string               `json:"stopping_word"`
		Timings      *timings             `json:"timings"`
	}
	if err := json.Unmarshal(data, &told); err != nil {
		return frame{}, err
	}
	e := event{choice: told.Index, text: told.Content, tokens: told.Probs, sampled: told.Predicted}
	if told.Stop {
		switch told.StopType {
		case "eos":
			e.finish = "stop"
		case "word":
			e.finish, e.stopped = "stop", told.StoppingWord
		default:
			e.finish = "length"
		}
	}
	f := frame{events: []event{e}}
	if told.Timings != nil {
		f.usage = told.Timings.usage()
	}
	return f, nil
}

// ollamaOptions are what both of ollama's own endpoints take. A prompt that does
// not fit is to be an error: by default its beginning is thrown away silently.
func ollamaOptions(c call) map[string]any {
	options := map[string]any{
		"num_predict": c.sampling.MaxTokens,
		"temperature": c.sampling.Temperature,
		"top_p":       c.sampling.TopP,
		"seed":        portable(c.seed),
		// What ollama would do to the distribution unasked.
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

// ollamaChat needs no word to continue the assistant's last turn: ollama always does.
func ollamaChat(c call) map[string]any {
	body := ollamaOptions(c)
	body["messages"] = c.template.Messages(c.text)
	return body
}

func parseOllama(data []byte) (frame, error) {
	var told struct {
		Response string `json:"response"`
		Message  struct {
			Content string `json:"content"`
		} `json:"message"`
		Logprobs   modelserver.Logprobs `json:"logprobs"`
		Done       bool                 `json:"done"`
		DoneReason string               `json:"done_reason"`
		Prompt     int                  `json:"prompt_eval_count"`
		Generated  int                  `json:"eval_count"`
	}
	if err := json.Unmarshal(data, &told); err != nil {
		return frame{}, err
	}
	f := frame{events: []event{{text: told.Response + told.Message.Content, tokens: told.Logprobs}}}
	if told.Done {
		f.events[0].finish = told.DoneReason
		f.usage = &usage{prompt: told.Prompt, generated: told.Generated}
	}
	return f, nil
}
