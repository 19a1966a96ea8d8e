package modelserver

import (
	"encoding/json"
	"slices"
	"strings"
)

// A Token is one sampled token as a server tells it.
type Token struct {
	Text    string
	LogProb float64
	Top     []Token // the likeliest at its place, if asked for; they have no Top
}

// Logprobs reads the log-probabilities of a choice in either shape: the
// completions API's parallel arrays (tokens, token_logprobs, top_logprobs), or the
// chat API's list of objects, which llama.cpp uses for both.
type Logprobs []Token

// chatToken is a token in the shape of the chat API. Bytes stand where a token is
// only a part of a character and its text is therefore not what was sampled.
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
	return Token{Text: text, LogProb: t.LogProb, Top: Tokens(t.Top)}
}

// Tokens turns the chat API's shape into ours.
func Tokens(told []chatToken) []Token {
	if len(told) == 0 {
		return nil
	}
	tokens := make([]Token, len(told))
	for i, t := range told {
		tokens[i] = t.token()
	}
	return tokens
}

func (l *Logprobs) UnmarshalJSON(data []byte) error {
	if strings.HasPrefix(string(data), "[") { // ollama's own API has the list alone
		var content []chatToken
		if err := json.Unmarshal(data, &content); err != nil {
			return err
		}
		*l = Tokens(content)
		return nil
	}
	var told struct {
		Content  []chatToken           `json:"content"`
		Tokens   []string              `json:"tokens"`
		LogProbs []*float64            `json:"token_logprobs"`
		Top      []map[string]*float64 `json:"top_logprobs"`
	}
	if err := json.Unmarshal(data, &told); err != nil {
		return err
	}
	*l = Tokens(told.Content)
	for i, text := range told.Tokens {
		t := Token{Text: text}
		if i < len(told.LogProbs) && told.LogProbs[i] != nil {
			t.LogProb = *told.LogProbs[i]
		}
		if i < len(told.Top) {
			for text, p := range told.Top[i] {
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
