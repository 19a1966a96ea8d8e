// Package wiretest helps to test conversions between Ponder's types and messages: it has
// generators of random values, and the round trip.
package wiretest

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/ponder-mesh/ponder/reasoning"
)

// Generators of any value that an implementation may return.
var (
	Counts    = rapid.IntRange(0, math.MaxInt32)
	Texts     = rapid.SliceOf(rapid.String())
	Unit      = rapid.Float64Range(0, 1)
	Durations = rapid.Map(rapid.Int64Range(0, int64(1000*time.Hour)), func(n int64) time.Duration {
		return time.Duration(n)
	})
	Steps = rapid.Custom(func(t *rapid.T) reasoning.Step {
		s := reasoning.Step{
			Text:    rapid.String().Draw(t, "text"),
			Tokens:  Counts.Draw(t, "tokens"),
			LogProb: rapid.Float64Max(0).Draw(t, "log_prob"),
		}
		if s.Scored = rapid.Bool().Draw(t, "scored"); s.Scored {
			s.Score = Unit.Draw(t, "score")
		}
		return s
	})
	Usages = rapid.Custom(func(t *rapid.T) reasoning.Usage {
		tokens := rapid.Int64Min(0)
		return reasoning.Usage{
			Generated: tokens.Draw(t, "generated"),
			Prompt:    tokens.Draw(t, "prompt"),
			Cached:    tokens.Draw(t, "cached"),
			Verifier:  tokens.Draw(t, "verifier"),
			FLOPs:     rapid.Float64Min(0).Draw(t, "flops"),
		}
	})
	Costs = rapid.Custom(func(t *rapid.T) reasoning.Cost {
		w := reasoning.Waste{
			Cancelled: Usages.Draw(t, "cancelled"), Failed: Usages.Draw(t, "failed"),
			Lost: Usages.Draw(t, "lost"), Untrusted: Usages.Draw(t, "untrusted"),
		}
		return reasoning.Cost{Usage: Usages.Draw(t, "used").Add(w.Total()), Waste: w, Unknown: Usages.Draw(t, "unknown")}
	})
	Bills = rapid.Custom(func(t *rapid.T) (b reasoning.Bill) {
		b.AddPolicy(Costs.Draw(t, "policy"))
		b.AddVerifier(Costs.Draw(t, "verifier"))
		b.AddDifficulty(Costs.Draw(t, "difficulty"))
		return b
	})
	Samplings = rapid.Custom(func(t *rapid.T) reasoning.Sampling {
		return reasoning.Sampling{
			Temperature: rapid.Float64().Draw(t, "temperature"),
			TopP:        rapid.Float64().Draw(t, "top_p"),
			MaxTokens:   Counts.Draw(t, "max_tokens"),
		}
	})
	Supports = rapid.SampledFrom([]reasoning.Support{reasoning.SupportUnknown, reasoning.SupportYes, reasoning.SupportNo})
	Inputs   = rapid.Custom(func(t *rapid.T) reasoning.Input {
		return reasoning.Input{Alphabet: rapid.StringN(0, 100, 1000).Draw(t, "alphabet"), Tokens: Counts.Draw(t, "tokens")}
	})
	Models = rapid.Custom(func(t *rapid.T) reasoning.Model {
		return reasoning.Model{
			Name:       rapid.String().Draw(t, "name"),
			Version:    rapid.String().Draw(t, "version"),
			Tokenizer:  rapid.String().Draw(t, "tokenizer"),
			Template:   rapid.String().Draw(t, "template"),
			Parameters: rapid.Int64Min(0).Draw(t, "parameters"),
		}
	})
	Finishes = rapid.SampledFrom([]reasoning.Finish{reasoning.FinishStep, reasoning.FinishEnd, reasoning.FinishLength})
)

// RoundTrip checks that from(to(x)) is x, over the bytes of the message.
func RoundTrip[D any, P proto.Message](
	t *testing.T, name string, values *rapid.Generator[D], to func(D) P, from func(P) (D, error), options ...cmp.Option,
) {
	options = append(options, cmpopts.EquateEmpty(), cmpopts.EquateNaNs())
	t.Run(name, rapid.MakeCheck(func(t *rapid.T) {
		want := values.Draw(t, name)
		bytes, err := proto.Marshal(to(want))
		if err != nil {
			t.Fatal(err)
		}
		p := to(want).ProtoReflect().New().Interface()
		if err := proto.Unmarshal(bytes, p); err != nil {
			t.Fatal(err)
		}
		got, err := from(p.(P))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(got, want, options...); diff != "" {
			t.Fatal("got -, want +\n", diff)
		}
	}))
}

// Sure returns f with an error that is always nil.
func Sure[D, P any](f func(P) D) func(P) (D, error) {
	return func(p P) (D, error) { return f(p), nil }
}

// Second returns the error of a pair.
func Second[T any](_ T, err error) error { return err }
