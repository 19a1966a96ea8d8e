package mesh_test

import (
	"context"
	"sync"
	"time"

	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
	"github.com/ponder-mesh/ponder/services/verifier"
	"github.com/ponder-mesh/ponder/services/verifier/verifiertest"
)

// A modelFault replaces calls of the models. A nil function leaves the call as it is.
type modelFault struct {
	expand      func() policytest.Reply
	score       func(r verifier.Request) verifiertest.Reply
	rewardModel func(ctx context.Context) error
}

// faultyModels has a policy and is a verifier, both with a fault that can be set.
type faultyModels struct {
	policy *policytest.Script
	*verifiertest.Script

	mu    sync.Mutex
	fault modelFault
}

func newFaultyModels() *faultyModels {
	m := &faultyModels{policy: policytest.Steps(1, 10*time.Second), Script: verifiertest.Steps(0)}
	expand, score := m.policy.Reply, m.Reply
	m.policy.Reply = func(r policy.Request, ordinal int) policytest.Reply {
		if fail := m.current().expand; fail != nil {
			return fail()
		}
		return expand(r, ordinal)
	}
	m.Reply = func(r verifier.Request) verifiertest.Reply {
		if fail := m.current().score; fail != nil {
			return fail(r)
		}
		return score(r)
	}
	return m
}

// RewardModel implements verifier.Verifier.
func (m *faultyModels) RewardModel(ctx context.Context) (verifier.RewardModel, error) {
	if fail := m.current().rewardModel; fail != nil {
		if err := fail(ctx); err != nil {
			return verifier.RewardModel{}, err
		}
	}
	return m.Script.RewardModel(ctx)
}

func (m *faultyModels) current() modelFault {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.fault
}

func (m *faultyModels) set(f modelFault) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fault = f
}
