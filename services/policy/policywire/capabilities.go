package policywire

import (
	"cmp"

	"github.com/ponder-mesh/ponder/internal/wire"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	"github.com/ponder-mesh/ponder/services/policy"
)

// CapabilitiesToProto turns capabilities into their message, nil for the zero value.
func CapabilitiesToProto(c policy.Capabilities) *policyv1.Capabilities {
	if c == (policy.Capabilities{}) {
		return nil
	}
	return &policyv1.Capabilities{
		Input: wire.InputToProto(c.Input), MaxTotalTokens: int32(c.Total),
		Counts: wire.SupportToProto(c.Counts), LogProbs: wire.SupportToProto(c.LogProbs),
		Continues: wire.SupportToProto(c.Continues), Attempts: wire.SupportToProto(c.Attempts),
		Stops: wire.SupportToProto(c.Stops),
	}
}

// CapabilitiesFromProto is the inverse of CapabilitiesToProto.
func CapabilitiesFromProto(p *policyv1.Capabilities) (policy.Capabilities, error) {
	input, err := wire.InputFromProto(p.GetInput())
	return policy.Capabilities{
		Input: input, Total: int(p.GetMaxTotalTokens()),
		Counts: wire.SupportFromProto(p.GetCounts()), LogProbs: wire.SupportFromProto(p.GetLogProbs()),
		Continues: wire.SupportFromProto(p.GetContinues()), Attempts: wire.SupportFromProto(p.GetAttempts()),
		Stops: wire.SupportFromProto(p.GetStops()),
	}, cmp.Or(err, wire.Count("capabilities.max_total_tokens", p.GetMaxTotalTokens()))
}
