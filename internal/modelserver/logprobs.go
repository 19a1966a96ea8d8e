package modelserver

import (
	"encoding/json"
	"slices"
	"strings"
)

// A Token is one sampled token.
type Token struct {
	Text    string
	LogProb float64
	Top     []Token // most likely alternatives, if requested, without Top of their own
}

// Logprobs are the log-probabilities of a choice. They unmarshal from either format:
// the completions API's parallel arrays (tokens, token_logprobs, top_logprobs), or the
// chat API's list of objects, which llama.cpp uses for both.
type Logprobs []Token

// chatToken is a token in the format of the chat API. Bytes holds the exact token where
// Token does not, as for a part of a character.
type chatToken struct {
	Token   string      `json:"token"`
	LogProb float64     `json:"logprob"`
	Bytes   []int       `json:"bytes"`
	Top     []chatToken `json:"top_logprobs"`
}

func (t chatToken) token() Token {
	text := t.Token
	if len(t.Bytes) > 0 {
		raw := make([]byte, len(t.Bytes))
		for i, b := range t.Bytes {
			raw[i] = byte(b)
		}
		text = string(raw)
	}
	return Token{Text: text, LogProb: t.LogProb, Top: tokens(t.Top)}
}

func tokens(list []chatToken) []Token {
	if len(list) == 0 {
		return nil
	}
	tokens := make([]Token, len(list))
	for i, t := range list {
		tokens[i] = t.token()
	}
	return tokens
}

// UnmarshalJSON implements json.Unmarshaler.
func (l *Logprobs) UnmarshalJSON(data []byte) error {
	if strings.HasPrefix(string(data), "[") { // ollama's own API sends the list alone
		var content []chatToken
		if err := json.Unmarshal(data, &content); err != nil {
			return err
		}
		*l = tokens(content)
		return nil
	}
	var object struct {
		Content  []chatToken           `json:"content"`
		Tokens   []string              `json:"tokens"`
		LogProbs []*float64            `json:"token_logprobs"`
		Top      []map[string]*float64 `json:"top_logprobs"`
	}
	if err := json.Unmarshal(data, &object); err != nil {
		return err
	}
	*l = tokens(object.Content)
	for i, text := range object.Tokens {
		t := Token{Text: text}
		if i < len(object.LogProbs) && object.LogProbs[i] != nil {
			t.LogProb = *object.LogProbs[i]
		}
		if i < len(object.Top) {
			for text, p := range object.Top[i] {
				if p != nil {
					t.Top = append(t.Top, Token{Text: text, LogProb: *p})
				}
			}
			slices.SortFunc(t.Top, func(a, b Token) int {
				if a.LogProb != b.LogProb {
					if a.LogProb > b.LogProb {
						return -1
					}
					return 1
				}
				return strings.Compare(a.Text, b.Text)
			})
		}
		*l = append(*l, t)
	}
	return nil
}
