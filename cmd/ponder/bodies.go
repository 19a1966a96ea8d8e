package main

import (
	"errors"

	policyengine "github.com/ponder-mesh/ponder/services/policy/engine"
	"github.com/ponder-mesh/ponder/services/verifier"
	verifierengine "github.com/ponder-mesh/ponder/services/verifier/engine"
)

// bodies names the models of a mesh.
type bodies struct {
	Policy   policyengine.Config   `embed:""`
	Verifier verifierengine.Config `embed:""`
}

// opened is what bodies names. close releases it.
type opened struct {
	policy   *policyengine.Engine
	verifier *verifierengine.Engine // nil: none
}

// open opens the bodies. A pocket reward model judges pocket policies; what it would
// say of another's text means nothing, so it must be asked for by name there.
func (b bodies) open() (o opened, err error) {
	if b.Policy.URL != "" && b.Verifier.URL == "" && b.Verifier.Pocket == "" {
		b.Verifier.Pocket = verifierengine.None
	}
	if o.policy, err = policyengine.Open(b.Policy); err != nil {
		return o, err
	}
	if o.verifier, err = verifierengine.Open(b.Verifier); err != nil {
		return o, errors.Join(err, o.close())
	}
	return o, nil
}

// maxTokens of one sample, where nobody said: a pocket model's context is short, an
// LLM's solution long.
func (b bodies) maxTokens(said int) int {
	switch {
	case said > 0:
		return said
	case b.Policy.URL != "":
		return 2048
	}
	return 256
}

// judge is the verifier as an interface: nil if there is none.
func (o opened) judge() verifier.Verifier {
	if o.verifier == nil {
		return nil
	}
	return o.verifier
}

func (o opened) close() error {
	err := o.policy.Close()
	if o.verifier != nil {
		err = errors.Join(err, o.verifier.Close())
	}
	return err
}
