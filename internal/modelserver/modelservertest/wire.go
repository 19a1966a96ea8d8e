package modelservertest

import "io"

// token sends a token. If stopped, the token ends with a stop string, and the stream with it.
func (r *reply) token(t token, stopped bool) {
	if r.native {
		r.event(r.nativeChunk(t, false, "", ""))
		return
	}
	var finish any
	if stopped {
		finish = "stop"
	}
	r.event(r.chunk(r.delta(t), r.logprobs([]token{t}), finish))
	if stopped {
		r.usageChunk()
	}
}

// finish sends the end of a stream that did not reach a stop string.
func (r *reply) finish(reason string) {
	if r.native {
		r.event(r.nativeChunk(token{}, true, map[string]string{"stop": "eos", "length": "limit"}[reason], ""))
		r.end()
		return
	}
	if r.mode == ModeToolCalls {
		reason = "tool_calls"
	}
	r.event(r.chunk(map[string]any{}, nil, reason))
	r.usageChunk()
}

// delta returns the part of a chunk with a token.
func (r *reply) delta(t token) map[string]any {
	if r.mode == ModeToolCalls {
		call := map[string]any{"index": 0, "function": map[string]any{"arguments": t.text}}
		return map[string]any{"tool_calls": []any{call}}
	}
	if !t.thought {
		return map[string]any{"content": t.text}
	}
	return map[string]any{r.thoughtField(): t.text}
}

// thoughtField returns the field of thinking. vLLM renamed it; llama.cpp has the first name.
func (r *reply) thoughtField() string {
	if field := r.server.options.Field; field != "" {
		return field
	}
	if r.mode == ModeReasoningContent || r.server.options.Wire == WireLlamaCpp {
		return "reasoning_content"
	}
	return "reasoning"
}

// chunk returns a chunk of OpenAI's API.
func (r *reply) chunk(delta map[string]any, logprobs, finish any) map[string]any {
	choice := map[string]any{"index": 0, "logprobs": logprobs, "finish_reason": finish}
	object := "text_completion"
	if r.chat {
		object, choice["delta"] = "chat.completion.chunk", delta
	} else {
		text, _ := delta["content"].(string)
		choice["text"] = text
	}
	if r.server.options.Wire == WireVLLM {
		choice["stop_reason"] = nil
	}
	chunk := map[string]any{"id": "cmpl-1", "object": object, "created": 1, "model": ModelName, "choices": []any{choice}}
	options, _ := r.body["stream_options"].(map[string]any)
	if options["continuous_usage_stats"] == true && r.server.options.Wire == WireVLLM && r.mode != ModeUncounted {
		chunk["usage"] = r.usage()
	}
	return chunk
}

// usageChunk sends the usage, and the end of the stream.
func (r *reply) usageChunk() {
	r.event(map[string]any{"id": "cmpl-1", "created": 1, "model": ModelName, "choices": []any{}, "usage": r.usage()})
	io.WriteString(r.http, "data: [DONE]\n\n")
	r.end()
}

// usage returns the usage that the server states.
func (r *reply) usage() map[string]any {
	stated := len(r.sent)
	switch r.mode {
	case ModeOverstates:
		stated *= 1000
	case ModeOverstatesALittle:
		stated = r.limit() + 3
	}
	prompt := r.request.Prompt
	return map[string]any{"prompt_tokens": prompt, "completion_tokens": stated, "total_tokens": prompt + stated}
}

// logprobs returns the log-probabilities of tokens, if they are requested.
func (r *reply) logprobs(tokens []token) any {
	switch requested := r.body["logprobs"]; {
	case requested == nil, requested == false, r.mode == ModeNoLogprobs, r.mode == ModeUncounted:
		return nil
	}
	if !r.chat && r.server.options.Wire != WireLlamaCpp {
		var texts, values, tops []any
		for _, t := range tokens {
			texts, values = append(texts, t.text), append(values, logprob)
			tops = append(tops, map[string]any{t.text: logprob})
		}
		return map[string]any{"tokens": texts, "token_logprobs": values, "top_logprobs": tops}
	}
	return map[string]any{"content": r.content(tokens)}
}

// content returns the log-probabilities of tokens in the form of the chat API.
func (r *reply) content(tokens []token) []any {
	var all []any
	for _, t := range tokens {
		raw := []int{}
		for _, b := range []byte(t.text) {
			raw = append(raw, int(b))
		}
		entry := map[string]any{"token": t.text, "logprob": logprob, "bytes": raw}
		top := map[string]any{"token": t.text, "logprob": logprob, "bytes": raw}
		entry["top_logprobs"] = []any{top}
		all = append(all, entry)
	}
	return all
}

// nativeChunk returns an event of llama.cpp's own endpoint.
func (r *reply) nativeChunk(t token, stop bool, kind, word string) map[string]any {
	chunk := map[string]any{
		"index": 0, "content": t.text, "stop": stop, "id_slot": 0,
		"tokens_predicted": len(r.sent), "tokens_evaluated": r.request.Prompt,
	}
	if r.mode == ModeOverstates {
		chunk["tokens_predicted"] = 1000 * len(r.sent)
	}
	timings := map[string]any{"cache_n": 0, "prompt_n": r.request.Prompt, "predicted_n": len(r.sent)}
	chunk["timings"] = timings
	if stop {
		chunk["stop_type"], chunk["stopping_word"], chunk["model"] = kind, word, ModelName
	} else if r.mode != ModeNoLogprobs && r.mode != ModeUncounted {
		chunk["completion_probabilities"] = r.content([]token{t})
	}
	return chunk
}

// document returns the response as one document.
func (r *reply) document(finish string) map[string]any {
	text, thought := "", ""
	for _, t := range r.sent {
		switch {
		case t.hidden:
		case t.thought:
			thought += t.text
		default:
			text += t.text
		}
	}
	if r.native {
		d := r.nativeChunk(token{text: text}, true, map[string]string{"stop": "eos", "length": "limit"}[finish], "")
		d["completion_probabilities"] = r.content(r.sent)
		return d
	}
	choice := map[string]any{"index": 0, "finish_reason": finish, "logprobs": r.logprobs(r.sent)}
	if r.chat {
		message := map[string]any{"role": "assistant", "content": text, "tool_calls": []any{}}
		if thought != "" {
			message["content"], message[r.thoughtField()] = nil, thought
			if text != "" {
				message["content"] = text
			}
		}
		choice["message"] = message
	} else {
		choice["text"] = text
	}
	return map[string]any{
		"id": "cmpl-1", "object": "chat.completion", "created": 1, "model": ModelName,
		"choices": []any{choice}, "usage": r.usage(),
	}
}
