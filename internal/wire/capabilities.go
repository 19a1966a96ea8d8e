package wire

import (
	"unicode/utf8"

	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/reasoning"
)

// SupportToProto turns a support into its enum; the numbers are the same.
func SupportToProto(s reasoning.Support) reasoningv1.Support { return reasoningv1.Support(s) }

// SupportFromProto is the inverse of SupportToProto. A value of a later release is SupportUnknown.
func SupportFromProto(p reasoningv1.Support) reasoning.Support {
	if s := reasoning.Support(p); s == reasoning.SupportYes || s == reasoning.SupportNo {
		return s
	}
	return reasoning.SupportUnknown
}

// InputToProto turns an input into its message, nil for the zero value.
func InputToProto(in reasoning.Input) *reasoningv1.Input {
	if in == (reasoning.Input{}) {
		return nil
	}
	return &reasoningv1.Input{Alphabet: in.Alphabet, MaxProblemTokens: int32(in.Tokens)}
}

// InputFromProto is the inverse of InputToProto.
func InputFromProto(p *reasoningv1.Input) (reasoning.Input, error) {
	in := reasoning.Input{Alphabet: p.GetAlphabet(), Tokens: int(p.GetMaxProblemTokens())}
	if len(in.Alphabet) > reasoning.MaxAlphabet || !utf8.ValidString(in.Alphabet) {
		return reasoning.Input{}, Malformed("capabilities.input.alphabet", "must be at most %d bytes of UTF-8", reasoning.MaxAlphabet)
	}
	return in, Count("capabilities.input.max_problem_tokens", p.GetMaxProblemTokens())
}
