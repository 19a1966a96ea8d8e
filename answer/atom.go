package answer

import "math/big"

// An atom is what the normal form does not take apart.
type atom struct {
	key  string // canonical text; atoms are equal if their keys are
	kind atomKind
	num  *big.Int // of a prime
	name string   // of a call
	args []sum    // of a call; the sum of an atomSum; base and exponent of an atomPower
}

type atomKind int

const (
	atomVariable atomKind = iota
	atomI                 // the imaginary unit, with exponent 1
	atomPi
	atomE
	atomPrime // a prime, in a root or in a power too large to compute
	atomPart  // like atomPrime, an integer without a prime factor below primesBelow
	atomPower // base^exponent, where the exponent is a product of atoms
	atomSum   // a sum of several terms, in a denominator or in a root
	atomCall  // a function
)

func variable(name string) *atom { return &atom{key: name, kind: atomVariable} }

// number reports whether a is an integer.
func (a *atom) number() bool { return a.kind == atomPrime || a.kind == atomPart }

func primeAtom(n *big.Int, kind atomKind) *atom {
	n = new(big.Int).Set(n)
	return &atom{key: n.String(), kind: kind, num: n}
}

// positive reports whether a is a positive number.
func (a *atom) positive() bool {
	switch a.kind {
	case atomPi, atomE, atomPrime, atomPart:
		return true
	case atomPower:
		return a.args[0][0].factors[0].atom.kind != atomVariable
	}
	return false
}
