package policywire

import (
	"github.com/ponder-mesh/ponder/internal/wire"
	policyv1 "github.com/ponder-mesh/ponder/proto/ponder/policy/v1"
	reasoningv1 "github.com/ponder-mesh/ponder/proto/ponder/reasoning/v1"
	"github.com/ponder-mesh/ponder/services/policy"
)

// ModelFromProto returns the model of an identity and capabilities, of which either may be nil.
func ModelFromProto(id *reasoningv1.ModelIdentity, capabilities *policyv1.Capabilities) (m policy.Model, err error) {
	if m.Model, err = wire.ModelFromProto(id); err != nil {
		return m, err
	}
	m.Capabilities, err = CapabilitiesFromProto(capabilities)
	return m, err
}
