package pocket

import (
	"fmt"
	"strings"
)

// The vocabulary is one token a character: newline and printable ASCII.
const (
	tokenBOS     = 0
	tokenEOS     = 1
	tokenPad     = 2
	tokenNewline = 3
	firstPrint   = 4  // ' '
	endPrint     = 99 // after '~'
	VocabSize    = 128
	Tokenizer    = "pocket-char-v1" // identity of this vocabulary
	Template     = "pocket-line-v1" // identity of the format, unless a file names its own: problem, newline, a step a line, "A:" line last
)

// Encode turns text into tokens, one a byte. It fails on the first character
// that is neither newline nor printable ASCII.
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

// Decode is Encode's inverse; control tokens have no text.
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

// sayable reports whether a policy may produce the token.
func sayable(id int) bool { return id == tokenEOS || id >= tokenNewline && id < endPrint }

// vocabulary lists the tokens as GGUF's "gpt2" tokenizer wants them: bytes
// through GPT-2's map to visible characters.
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
