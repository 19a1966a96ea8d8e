package plannerrpc

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// A StrategyInfo explains a strategy to a person.
type StrategyInfo struct {
	Name       string // as people call it: "best-of-n"
	Summary    string
	Source     string // the paper
	Parameters []Parameter
}

// A Parameter of a strategy. Its name is the field's of the contract.
type Parameter struct {
	Name    string
	Summary string
	Default string // for n = 16; filled in by Strategies
}

var (
	nSamples = Parameter{Name: "n", Summary: "samples"}
	nBeams   = Parameter{Name: "n", Summary: "steps sampled a level"}
	width    = Parameter{Name: "m", Summary: "children of a step that is kept; a divisor of n"}
	levels   = Parameter{Name: "max_levels", Summary: "levels after which all run to their ends"}
)

var catalogue = []StrategyInfo{
	{"greedy", "one sample at temperature 0", "", nil},
	{"majority", "independent samples, the most frequent answer; stops when nothing can change it; needs no verifier", "Wang et al. 2022, arXiv 2203.11171", []Parameter{
		nSamples,
		{Name: "wave", Summary: "samples asked for at a time; 0 is all at once"},
		{Name: "confidence", Summary: "stop early at this posterior probability of the leading answer, e.g. 0.95 (arXiv 2305.11860); 0 is when certain"},
		{Name: "exhaustive", Summary: "never stop early"},
	}},
	{"best-of-n", "independent samples, judged", "Snell et al. 2024, arXiv 2408.03314, §5.1", []Parameter{nSamples}},
	{"beam", "keep the best n/m steps of each level, continue each m ways", "Snell et al. 2024, arXiv 2408.03314, §5.1", []Parameter{
		nBeams, width, levels,
		{Name: "narrow", Summary: "a solution that ends takes its place in the beam with it (arXiv 2502.06703)"},
		{Name: "dedupe", Summary: "pass over a step whose text a sibling has"},
	}},
	{"lookahead", "beam that judges a step by where k further greedy steps lead; costs n×(k+1) steps a level", "Snell et al. 2024, arXiv 2408.03314, §5.2", []Parameter{
		nBeams, width, {Name: "k", Summary: "steps to look ahead"}, levels,
	}},
	{"dvts", "n/m independent subtrees, each following its best step", "Beeching et al. 2024, diverse verifier tree search", []Parameter{
		nBeams, width, {Name: "k", Summary: "greedy steps after which a step is judged; 0 is at once"}, levels,
	}},
	{"rebase", "share each level's children among its nodes by the softmax of their scores", "Wu et al. 2024, arXiv 2408.00724", []Parameter{
		{Name: "n", Summary: "children of the first level; later ones have less by the solutions that ended"},
		{Name: "balance", Summary: "temperature of the softmax: the smaller, the more the best gets"},
		{Name: "exact", Summary: "round as the authors' code does (exactly n) instead of as the paper does"},
		levels,
	}},
	{"mcts", "walks down a tree that balance what is good against what is unexplored", "Hao et al. 2023, arXiv 2305.14992 (UCT); OpenR, arXiv 2410.09671 (PUCT)", []Parameter{
		{Name: "n", Summary: "walks"},
		{Name: "width", Summary: "children of an expanded node"},
		{Name: "parallel", Summary: "walks at a time, kept apart by virtual loss"},
		{Name: "puct", Summary: "select by PUCT, with the policy's probability as prior; else UCT"},
		{Name: "exploration", Summary: "weight of exploring"},
		{Name: "rollout", Summary: "value a new node by one whole sample; else by the score of the solution that the walk ends in"},
		{Name: "final", Summary: "how the answer is picked: vote, visits, value"},
		levels,
	}},
	{"particles", "particle filtering; with iterations, particle Gibbs", "Puri et al. 2025, arXiv 2502.01618", []Parameter{
		{Name: "n", Summary: "particles of all iterations together"},
		{Name: "iterations", Summary: "Gibbs iterations; a divisor of n"},
		{Name: "temperature", Summary: "of the softmax of the weights"},
		{Name: "sample", Summary: "draw the answer by weight; else the choice picks it"},
		levels,
	}},
	{"revisions", "chains of attempts, each in view of the four before it; needs a policy that revises", "Snell et al. 2024, arXiv 2408.03314, §6", []Parameter{
		{Name: "n", Summary: "attempts in all"},
		{Name: "chains", Summary: "chains side by side; a divisor of n"},
		{Name: "flat", Summary: "choose among all attempts alike; else first within chains, then across"},
		{Name: "unjudged", Summary: "without a verifier, by majority"},
		{Name: "feedback", Summary: "tell the policy what the verifier doubts in an attempt; for policies that read words"},
	}},
}

// StrategyNames are the names of all strategies.
func StrategyNames() []string {
	var names []string
	for _, s := range catalogue {
		names = append(names, s.Name)
	}
	return names
}

// Strategies explains all strategies, with the defaults that hold for n = 16.
func Strategies() []StrategyInfo {
	all := slices.Clone(catalogue)
	for i := range all {
		s := &all[i]
		var set []string
		if len(s.Parameters) > 0 {
			set = []string{"n=16"}
		}
		in, err := ParseStrategy(s.Name, set)
		if err != nil {
			panic(err) // a test asks for all of them
		}
		filled, _ := fromStrategy(in)
		kind := message(toStrategy(filled))
		s.Parameters = slices.Clone(s.Parameters)
		for j := range s.Parameters {
			p := &s.Parameters[j]
			field := kind.Descriptor().Fields().ByName(protoreflect.Name(p.Name))
			p.Default = format(field, kind.Get(field))
		}
	}
	return all
}

// ParseStrategy is the strategy with a person's name for it, such as "best-of-n", and
// parameters such as "n=16". What is not said has the contract's default.
func ParseStrategy(name string, parameters []string) (*plannerv1.Strategy, error) {
	s := &plannerv1.Strategy{}
	kind := s.ProtoReflect().Descriptor().Oneofs().ByName("kind").Fields().ByName(protoreflect.Name(strings.ReplaceAll(name, "-", "_")))
	if kind == nil {
		return nil, reasoning.Invalid("strategy", "%q must be one of %v", name, StrategyNames())
	}
	m := s.ProtoReflect().Mutable(kind).Message()
	for _, p := range parameters {
		key, text, _ := strings.Cut(p, "=")
		field := m.Descriptor().Fields().ByName(protoreflect.Name(strings.ReplaceAll(key, "-", "_")))
		if field == nil {
			var names []string
			for i := range m.Descriptor().Fields().Len() {
				names = append(names, string(m.Descriptor().Fields().Get(i).Name()))
			}
			return nil, reasoning.Invalid("strategy", "%s has no parameter %q, only %v", name, key, names)
		}
		value, err := parse(field, text)
		if err != nil {
			return nil, reasoning.Invalid(fmt.Sprintf("strategy.%s.%s", kind.Name(), field.Name()), "%q: %v", text, err)
		}
		m.Set(field, value)
	}
	return s, nil
}

// ParseArm is the strategy with a name that has its parameters in it, each after a
// colon, and an N, if it has one: "beam:narrow=true", 16.
func ParseArm(name string, n int) (*plannerv1.Strategy, error) {
	kind, rest, _ := strings.Cut(name, ":")
	var parameters []string
	if kind != "greedy" {
		parameters = append(parameters, fmt.Sprintf("n=%d", n))
	}
	if rest != "" {
		parameters = append(parameters, strings.Split(rest, ":")...)
	}
	return ParseStrategy(kind, parameters)
}

// ArmOf is what ParseArm reads, with its N: "beam:narrow=true 16". Parameters that have
// the contract's default are left out.
func ArmOf(s *plannerv1.Strategy) string {
	if s.GetKind() == nil {
		return ""
	}
	m := message(s)
	r := s.ProtoReflect()
	name := strings.ReplaceAll(string(r.WhichOneof(r.Descriptor().Oneofs().ByName("kind")).Name()), "_", "-")
	n := m.Descriptor().Fields().ByName("n")
	if n == nil {
		return name
	}
	usual := m
	if in, err := ParseArm(name, int(m.Get(n).Int())); err == nil {
		if filled, err := fromStrategy(in); err == nil {
			usual = message(toStrategy(filled))
		}
	}
	for i := range m.Descriptor().Fields().Len() {
		if f := m.Descriptor().Fields().Get(i); f != n && !m.Get(f).Equal(usual.Get(f)) {
			name += fmt.Sprintf(":%s=%s", f.Name(), format(f, m.Get(f)))
		}
	}
	return fmt.Sprintf("%s %d", name, m.Get(n).Int())
}

// Strategy is what ParseArm reads, as a search: the profile.Parser of this contract.
func Strategy(name string, n int) (search.Strategy, error) {
	in, err := ParseArm(name, n)
	if err != nil {
		return nil, err
	}
	return fromStrategy(in)
}

// message is the set kind of a strategy.
func message(s *plannerv1.Strategy) protoreflect.Message {
	m := s.ProtoReflect()
	return m.Get(m.WhichOneof(m.Descriptor().Oneofs().ByName("kind"))).Message()
}

// parse reads a value of the kinds that parameters have.
func parse(field protoreflect.FieldDescriptor, text string) (protoreflect.Value, error) {
	switch field.Kind() {
	case protoreflect.BoolKind:
		b, err := strconv.ParseBool(text)
		if err != nil {
			err = fmt.Errorf("must be true or false")
		}
		return protoreflect.ValueOfBool(b), err
	case protoreflect.DoubleKind:
		f, err := strconv.ParseFloat(text, 64)
		if err != nil {
			err = fmt.Errorf("must be a number")
		}
		return protoreflect.ValueOfFloat64(f), err
	case protoreflect.EnumKind:
		for i := range field.Enum().Values().Len() {
			if v := field.Enum().Values().Get(i); v.Number() != 0 && short(v) == text {
				return protoreflect.ValueOfEnum(v.Number()), nil
			}
		}
		return protoreflect.Value{}, fmt.Errorf("is no %s", field.Enum().Name())
	}
	n, err := strconv.ParseInt(text, 10, 32)
	if err != nil {
		err = fmt.Errorf("must be a whole number")
	}
	return protoreflect.ValueOfInt32(int32(n)), err
}

func format(field protoreflect.FieldDescriptor, v protoreflect.Value) string {
	if field.Kind() == protoreflect.EnumKind {
		return short(field.Enum().Values().ByNumber(v.Enum()))
	}
	return v.String()
}

// short is an enum value's name without its prefix, as people write it: "visits".
func short(v protoreflect.EnumValueDescriptor) string {
	name := string(v.Name())
	return strings.ToLower(name[strings.LastIndex(name, "_")+1:])
}
