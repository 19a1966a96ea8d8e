package pocket

import (
	"testing"

	"github.com/ponder-mesh/ponder/pocket"
	"github.com/ponder-mesh/ponder/pocket/models"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func TestConformance(t *testing.T) {
	model, err := models.Open("pocket-0.3m")
	if err != nil {
		t.Fatal(err)
	}
	policytest.Run(t, func(t *testing.T) policy.Policy {
		e := pocket.NewEngine(model, pocket.Options{})
		t.Cleanup(func() { e.Close() })
		return New(e)
	}, policytest.Options{MaxTokens: 64, ReportsProgress: true})
}
