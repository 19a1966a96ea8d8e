package profile

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"

	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/difficulty"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// Read parses and validates a profile. An error names the invalid field.
func Read(data []byte) (*Profile, error) {
	var p Profile
	if err := json.Unmarshal(data, &p); err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	err := p.check()
	if err == nil {
		err = p.resolve()
	}
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return &p, nil
}

// Load reads the profile in a file.
func Load(path string) (*Profile, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	p, err := Read(data)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return p, nil
}

// Marshal returns the profile as Read parses it.
func (p *Profile) Marshal() ([]byte, error) {
	data, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	return append(data, '\n'), nil
}

// check returns an error that names the first field that breaks a rule.
func (p *Profile) check() error {
	switch {
	case p.Format != Format:
		return reasoning.Invalid("ponder_profile", "must be %d, is %d: run ponder calibrate again", Format, p.Format)
	case p.Name == "":
		return reasoning.Invalid("name", "must not be empty")
	case p.Policy.Name == "":
		return reasoning.Invalid("policy.name", "must not be empty")
	case len(p.Budgets) == 0:
		return reasoning.Invalid("budgets", "must not be empty")
	case len(p.All) == 0:
		return reasoning.Invalid("all", "must not be empty")
	case !slices.IsSortedFunc(p.Budgets, func(a, b Budget) int { return a.N - b.N }):
		return reasoning.Invalid("budgets", "must be sorted by n: run ponder calibrate again")
	}
	if err := p.Scheme.Validate(); err != nil {
		return err
	}
	if err := p.SetEstimator(&difficulty.Request{}); err != nil {
		return fmt.Errorf("estimator: %w", err)
	}
	if p.Prompt != nil {
		if err := p.Prompt.Validate(); err != nil {
			return err
		}
	}
	if len(p.Bins) != p.Scheme.Bins() {
		return reasoning.Invalid("bins", "must have %d bins (scheme %s), has %d", p.Scheme.Bins(), p.Scheme.Name, len(p.Bins))
	}
	for i := range p.Budgets {
		b, field := &p.Budgets[i], fmt.Sprintf("budgets[%d]", i)
		if b.Adaptive && len(b.Rows) != len(p.Bins) {
			return reasoning.Invalid(field+".rows", "must have one arm per bin (%d), has %d", len(p.Bins), len(b.Rows))
		}
	}
	for i, b := range p.Bins {
		if len(b.Arms) == 0 {
			return reasoning.Invalid(fmt.Sprintf("bins[%d].arms", i), "must not be empty")
		}
	}
	return nil
}

// resolve sets the strategies of all arms. An error names the arm.
func (p *Profile) resolve() error {
	for i := range p.Budgets {
		b, field := &p.Budgets[i], fmt.Sprintf("budgets[%d]", i)
		if err := b.Uniform.resolve(field + ".uniform"); err != nil {
			return err
		}
		if err := resolveAll(field+".rows", b.Rows); err != nil {
			return err
		}
	}
	for i, b := range p.Bins {
		if err := resolveAll(fmt.Sprintf("bins[%d].arms", i), b.Arms); err != nil {
			return err
		}
	}
	return resolveAll("all", p.All)
}

// resolveAll sets the strategies of arms.
func resolveAll(field string, arms []Arm) error {
	for i := range arms {
		if err := arms[i].resolve(fmt.Sprintf("%s[%d]", field, i)); err != nil {
			return err
		}
	}
	return nil
}

// resolve sets the strategy of an arm.
func (a *Arm) resolve(field string) (err error) {
	if a.search, err = strategies.Parse(a.Strategy, a.N); err == nil {
		err = a.search.Validate()
	}
	if err != nil {
		return fmt.Errorf("%s: %w", field, err)
	}
	return nil
}
