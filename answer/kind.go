package answer

import (
	"fmt"
	"slices"
	"strings"
)

// A Kind is the kind of answer that a problem wants: how answers are found in solutions and compared.
type Kind int

const (
	KindAuto       Kind = iota // detected from the problem and the solution
	KindNumber                 // a number
	KindExpression             // a mathematical expression
	KindChoice                 // the letter of one of the problem's options
	KindText                   // words, compared without case and punctuation
	KindCode                   // a program or its output, compared line by line
)

var kindNames = []string{"auto", "number", "expression", "choice", "text", "code"}

// KindNames returns the names of the kinds.
func KindNames() []string { return slices.Clone(kindNames) }

// Valid reports whether k is one of the kinds.
func (k Kind) Valid() bool { return k >= 0 && int(k) < len(kindNames) }

func (k Kind) String() string {
	if !k.Valid() {
		return fmt.Sprintf("Kind(%d)", int(k))
	}
	return kindNames[k]
}

// ParseKind returns the kind with a name. "" is auto.
func ParseKind(name string) (Kind, error) {
	if name == "" {
		return KindAuto, nil
	}
	if k := slices.Index(kindNames, strings.ToLower(name)); k >= 0 {
		return Kind(k), nil
	}
	return KindAuto, fmt.Errorf("must be one of %v, is %q", kindNames, name)
}
