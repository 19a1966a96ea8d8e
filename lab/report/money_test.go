package report

import (
	"strings"
	"testing"
)

func TestMoney(t *testing.T) {
	r := sweep("p", 100, map[string]map[int]float64{"majority": {10: 0.5}})
	r.Rows[0].Prompt, r.Rows[0].Cached, r.Rows[0].VerifierTokens, r.Rows[0].Verifier = 100, 1000, 200, "v"
	prices := &Prices{Currency: "EUR", Models: map[string]Price{"p": {Prompt: 1, Cached: 0.1, Generated: 4},
		"v": {Prompt: 2, Per: 1000}}}
	table, err := Money([]Sweep{r}, prices)
	if err != nil {
		t.Fatal(err)
	}
	// (100·1 + 1000·0.1 + 400·4)/1e6 + 200·2/1e3 = 0.4018 per problem; half of the problems are right.
	if got := table.Rows[0][5:]; got[0] != "401.8" || got[1] != "0.8036" {
		t.Errorf("got %v", got)
	}
	delete(prices.Models, "v")
	if _, err := Money([]Sweep{r}, prices); err == nil || !strings.Contains(err.Error(), "v has no price") {
		t.Errorf("error %v, want one that names the model", err)
	}
}
