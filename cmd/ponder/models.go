package main

import (
	"errors"

	policyengine "github.com/ponder-mesh/ponder/services/policy/engine"
	"github.com/ponder-mesh/ponder/services/verifier"
	verifierengine "github.com/ponder-mesh/ponder/services/verifier/engine"
)

// modelFlags name the models of a mesh.
type modelFlags struct {
	Policy   policyengine.Config   `embed:""`
	Verifier verifierengine.Config `embed:""`
}

// openModels holds the engines that modelFlags name. close closes them.
type openModels struct {
	policy   *policyengine.Engine
	verifier *verifierengine.Engine // nil: none
}

// open opens the engines. A pocket reward model is trained to score pocket policies, so
// with any other policy it is opened only if the flags name it.
func (f modelFlags) open() (o openModels, err error) {
	if f.Policy.URL != "" && f.Verifier.URL == "" && f.Verifier.Pocket == "" {
		f.Verifier.Pocket = verifierengine.None
	}
	if o.policy, err = policyengine.Open(f.Policy); err != nil {
		return o, usageError{err}
	}
	if o.verifier, err = verifierengine.Open(f.Verifier); err != nil {
		return o, errors.Join(usageError{err}, o.close())
	}
	return o, nil
}

// maxTokens returns the maximum tokens of a child: n, or a default if n is 0. A pocket model has a short
// context; the solutions of other models are longer.
func (f modelFlags) maxTokens(n int) int {
	switch {
	case n > 0:
		return n
	case f.Policy.URL != "":
		return 2048
	}
	return 256
}

// verifierOrNil returns the verifier as an interface that is nil if there is none.
func (o openModels) verifierOrNil() verifier.Verifier {
	if o.verifier == nil {
		return nil
	}
	return o.verifier
}

// close closes the engines.
func (o openModels) close() error {
	err := o.policy.Close()
	if o.verifier != nil {
		err = errors.Join(err, o.verifier.Close())
	}
	return err
}
