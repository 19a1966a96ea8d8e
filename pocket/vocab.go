package pocket

import (
	"fmt"
	"strings"
)

// The vocabulary has a token per character: newline and printable ASCII.
const (
	tokenBOS     = 0
	tokenEOS     = 1
	tokenPad     = 2
	tokenNewline = 3
	firstPrint   = 4  // ' '
	endPrint     = 99 // after '~'

	// VocabSize is the number of tokens.
	VocabSize = 128
	// Tokenizer is the name of this vocabulary.
	Tokenizer = "pocket-char-v1"
	// Template is the name of the format of prompts and solutions, unless a file names
	// another: the problem, then one line per step, the answer last after "A:".
	Template = "pocket-line-v1"
)

// Alphabet returns all characters that a model reads.
func Alphabet() string {
	ids := []int{tokenNewline}
	for id := firstPrint; id < endPrint; id++ {
		ids = append(ids, id)
	}
	return Decode(ids)
}

// Encode converts text to tokens, one per byte. It fails on the first character that
// is neither newline nor printable ASCII.
func Encode(text string) ([]int, error) {
	ids := make([]int, 0, len(text))
	for i, c := range text {
		switch {
		case c == '\n':
			ids = append(ids, tokenNewline)
		case c >= ' ' && c <= '~':
			ids = append(ids, int(c)-' '+firstPrint)
		default:
			return nil, fmt.Errorf("character %q at byte %d: the vocabulary has newline and printable ASCII only", c, i)
		}
	}
	return ids, nil
}

// Decode is the inverse of Encode. It drops control tokens.
func Decode(ids []int) string {
	var b strings.Builder
	for _, id := range ids {
		switch {
		case id == tokenNewline:
			b.WriteByte('\n')
		case id >= firstPrint && id < endPrint:
			b.WriteByte(byte(id - firstPrint + ' '))
		}
	}
	return b.String()
}

// isOutput reports whether a policy may generate the token.
func isOutput(id int) bool { return id == tokenEOS || id >= tokenNewline && id < endPrint }

// vocabulary returns the tokens in the form of GGUF's "gpt2" tokenizer: bytes mapped to
// visible characters as in GPT-2.
func vocabulary() (tokens []string, types []int32) {
	const normal, control, unused = 1, 3, 5
	for id := range VocabSize {
		tok, typ := fmt.Sprintf("<unused%d>", id), int32(unused)
		switch {
		case id == tokenBOS:
			tok, typ = "<|bos|>", control
		case id == tokenEOS:
			tok, typ = "<|endoftext|>", control
		case id == tokenPad:
			tok, typ = "<|pad|>", control
		case id == tokenNewline:
			tok, typ = "Ċ", normal
		case id == firstPrint:
			tok, typ = "Ġ", normal
		case id < endPrint:
			tok, typ = string(rune(id-firstPrint+' ')), normal
		}
		tokens, types = append(tokens, tok), append(types, typ)
	}
	return tokens, types
}
