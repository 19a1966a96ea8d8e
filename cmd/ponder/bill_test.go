package main

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/ponder-mesh/ponder/reasoning"
)

// A bill names each waste by its cause, and says what is a bound.
func TestBillLines(t *testing.T) {
	var plain, wasted, saturated reasoning.Bill
	plain.AddPolicy(reasoning.Cost{Usage: reasoning.Usage{Generated: 188, Prompt: 56, Cached: 1382}})
	plain.AddVerifier(reasoning.Cost{Usage: reasoning.Usage{Verifier: 383, Cached: 17}})
	wasted = plain
	wasted.AddPolicy(reasoning.Wasted(reasoning.Waste{
		Cancelled: reasoning.Usage{Generated: 9}, Lost: reasoning.Usage{Generated: 20, Prompt: 5}, Untrusted: reasoning.Usage{Generated: 1},
	}))
	wasted.AddVerifier(reasoning.Wasted(reasoning.Waste{Failed: reasoning.Usage{Verifier: 40}}))
	wasted.AddPolicy(reasoning.Cost{Unknown: reasoning.Usage{Generated: 64}})
	saturated.AddPolicy(reasoning.Cost{Usage: reasoning.Usage{Generated: math.MaxInt64}})
	saturated.AddPolicy(reasoning.Cost{Usage: reasoning.Usage{Generated: 1}})
	for _, c := range []struct {
		bill reasoning.Bill
		want []string
	}{
		{plain, []string{"bill   policy 188 generated, 56 prompt, 1382 cached; verifier 383, 17 cached; difficulty 0 generated, 0 verifier"}},
		{wasted, []string{
			"bill   policy 218 generated, 61 prompt, 1382 cached; verifier 423, 17 cached; difficulty 0 generated, 0 verifier",
			"waste  of these: cancelled 9 generated; failed 40 verifier; lost 20 generated, 5 prompt; untrusted 1 generated",
			"more   at most 64 generated: spent on work whose cost was never reported",
		}},
		{saturated, []string{"bill   policy 9223372036854775807 generated, 0 prompt, 0 cached; verifier 0; " +
			"difficulty 0 generated, 0 verifier (a count has reached the largest number: it is a lower bound)"}},
	} {
		if diff := cmp.Diff(billLines(c.bill), c.want); diff != "" {
			t.Errorf("got -, want +\n%s", diff)
		}
	}
}
