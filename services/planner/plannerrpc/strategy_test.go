package plannerrpc

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
)

// kinds is all strategies that the contract has.
func kinds() (kinds []protoreflect.FieldDescriptor) {
	fields := (&plannerv1.Strategy{}).ProtoReflect().Descriptor().Oneofs().ByName("kind").Fields()
	for i := range fields.Len() {
		kinds = append(kinds, fields.Get(i))
	}
	return kinds
}

// parameters is all fields of a kind.
func parameters(kind protoreflect.FieldDescriptor) (fields []protoreflect.FieldDescriptor) {
	for i := range kind.Message().Fields().Len() {
		fields = append(fields, kind.Message().Fields().Get(i))
	}
	return fields
}

// empty is a strategy of a kind that says nothing more.
func empty(kind protoreflect.FieldDescriptor) (*plannerv1.Strategy, protoreflect.Message) {
	p := &plannerv1.Strategy{}
	return p, p.ProtoReflect().Mutable(kind).Message()
}

// read is the strategy that a message means.
func read(t *testing.T, p *plannerv1.Strategy) search.Strategy {
	t.Helper()
	s, err := fromStrategy(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drawn is a strategy of the type of s in which every parameter says something.
func drawn(t *rapid.T, s search.Strategy) search.Strategy {
	v := reflect.New(reflect.TypeOf(s)).Elem()
	for i := range v.NumField() {
		name, field := v.Type().Field(i).Name, v.Field(i)
		switch field.Kind() {
		case reflect.Bool:
			field.SetBool(rapid.Bool().Draw(t, name))
		case reflect.Float64:
			field.SetFloat(rapid.Float64Range(0, 1000).Draw(t, name))
		case reflect.Int:
			most := search.MaxN
			if field.Type() == reflect.TypeFor[search.Final]() {
				most = int(search.FinalValue)
			}
			field.SetInt(int64(rapid.IntRange(1, most).Draw(t, name)))
		default:
			t.Fatalf("%T.%s is of a kind that is not drawn", s, name)
		}
	}
	return v.Interface().(search.Strategy)
}

// Every parameter of every strategy survives the wire.
func TestStrategyRoundTrip(t *testing.T) {
	for _, kind := range kinds() {
		t.Run(string(kind.Name()), func(t *testing.T) {
			p, message := empty(kind)
			s := read(t, p)
			if got, want := reflect.TypeOf(s).NumField(), message.Descriptor().Fields().Len(); got != want {
				t.Errorf("%T has %d parameters, its message has %d", s, got, want)
			}
			rapid.Check(t, func(t *rapid.T) {
				want := drawn(t, s)
				bytes, err := proto.Marshal(toStrategy(want))
				if err != nil {
					t.Fatal(err)
				}
				p := &plannerv1.Strategy{}
				if err := proto.Unmarshal(bytes, p); err != nil {
					t.Fatal(err)
				}
				if got, err := fromStrategy(p); err != nil || got != want {
					t.Errorf("got %#v and error %v, want %#v", got, err, want)
				}
			})
		})
	}
}

// A kind that the contract has and this server does not know would be refused.
func TestEveryKindOfStrategyIsKnown(t *testing.T) {
	for _, kind := range kinds() {
		p, _ := empty(kind)
		s, err := fromStrategy(p)
		if err != nil {
			t.Errorf("%s: %v", kind.Name(), err)
		} else if got, want := fmt.Sprintf("%T", toStrategy(s).GetKind()), fmt.Sprintf("%T", p.GetKind()); got != want {
			t.Errorf("%s comes back as %s", want, got)
		}
	}
	if _, err := fromStrategy(&plannerv1.Strategy{}); !errors.Is(err, reasoning.ErrInvalid) {
		t.Errorf("no kind: got %v, want ErrInvalid", err)
	}
}

// What a strategy's message leaves out.
func TestStrategyDefaults(t *testing.T) {
	for n, want := range map[int][]search.Strategy{
		16: {
			search.Greedy{}, search.Majority{N: 16}, search.BestOfN{N: 16}, search.Beam{N: 16, M: 4, MaxLevels: 40},
			search.Lookahead{N: 16, M: 4, K: 3, MaxLevels: 40}, search.DVTS{N: 16, M: 4, MaxLevels: 40}, search.Rebase{N: 16, Balance: 0.2, MaxLevels: 25},
			search.MCTS{N: 16, Width: 4, Parallel: 4, Exploration: 1, Final: search.FinalVote, MaxLevels: 40},
			search.Particles{N: 16, Iterations: 1, Temperature: 1, MaxLevels: 40}, search.Revisions{N: 16, Chains: 4},
		},
		2: { // less than the usual width
			search.Beam{N: 2, M: 2, MaxLevels: 40}, search.Lookahead{N: 2, M: 2, K: 3, MaxLevels: 40}, search.DVTS{N: 2, M: 2, MaxLevels: 40},
			search.MCTS{N: 2, Width: 2, Parallel: 2, Exploration: 1, Final: search.FinalVote, MaxLevels: 40}, search.Revisions{N: 2, Chains: 1},
		},
		6: { // 4 is no divisor of it
			search.Beam{N: 6, M: 3, MaxLevels: 40}, search.Revisions{N: 6, Chains: 2},
		},
		7: {search.Beam{N: 7, M: 1, MaxLevels: 40}, search.Revisions{N: 7, Chains: 1}},
	} {
		for _, want := range want {
			var set []string
			if want.Name() != "greedy" {
				set = []string{"n=" + strconv.Itoa(n)}
			}
			p, err := ParseStrategy(want.Name(), set)
			if err != nil {
				t.Fatal(err)
			}
			if got := read(t, p); got != want {
				t.Errorf("got %+v, want %+v", got, want)
			} else if err := got.Validate(); err != nil {
				t.Errorf("%+v: %v", got, err)
			}
		}
	}
	// With any n the defaults obey the rules.
	for _, kind := range kinds()[1:] {
		for n := 1; n <= 300; n++ {
			p, m := empty(kind)
			m.Set(m.Descriptor().Fields().ByName("n"), protoreflect.ValueOfInt32(int32(n)))
			if err := read(t, p).Validate(); err != nil && !strings.Contains(err.Error(), "in a chain") { // of more than 256: a prime has one
				t.Errorf("%s of %d: %v", kind.Name(), n, err)
			}
		}
	}
}

// comments are what the contract says of each field, by "Message.field".
func comments(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../../proto/ponder/planner/v1/planner.proto")
	if err != nil {
		t.Fatal(err)
	}
	said := map[string]string{}
	message, comment := "", ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if m := regexp.MustCompile(`^message (\w+) \{`).FindStringSubmatch(line); m != nil {
			message = m[1]
		}
		switch m := regexp.MustCompile(`(\w+) = \d+;$`).FindStringSubmatch(line); {
		case strings.HasPrefix(line, "//"):
			comment += strings.TrimPrefix(line, "//")
		case m != nil:
			said[message+"."+m[1]], comment = comment, ""
		default:
			comment = ""
		}
	}
	return said
}

// The numbers in the contract's comments are those that are true: "1…256" is accepted to
// both ends and no further, "Absent: 40" is 40.
func TestContractSaysTheRules(t *testing.T) {
	said := comments(t)
	ranges, defaults := 0, 0
	for _, kind := range kinds() {
		for _, field := range parameters(kind) {
			comment := said[string(kind.Message().Name())+"."+string(field.Name())]
			with := func(value float64) search.Strategy {
				p, m := empty(kind)
				m.Set(m.Descriptor().Fields().ByName("n"), protoreflect.ValueOfInt32(16))
				if field.Kind() == protoreflect.DoubleKind {
					m.Set(field, protoreflect.ValueOfFloat64(value))
				} else {
					m.Set(field, protoreflect.ValueOfInt32(int32(value)))
				}
				return read(t, p)
			}
			if m := regexp.MustCompile(`([\d.]+)…(\d+|n)`).FindStringSubmatch(comment); m != nil {
				ranges++
				lo, _ := strconv.ParseFloat(m[1], 64)
				hi, err := strconv.ParseFloat(m[2], 64)
				if err != nil {
					hi = 16
				}
				for value, good := range map[float64]bool{lo: true, hi: true, lo - 1: false, hi + 1: false} {
					err := with(value).Validate()
					var rule *reasoning.InvalidError
					if value == 0 && !field.HasPresence() && field.Name() != "n" {
						continue // that is absent
					}
					if good != (err == nil) || !good && (!errors.As(err, &rule) || rule.Field != fmt.Sprintf("strategy.%s.%s", kind.Name(), field.Name())) {
						t.Errorf("%s.%s, of which the contract says%q: %v gives error %v", kind.Name(), field.Name(), comment, value, err)
					}
				}
			}
			if m := regexp.MustCompile(`Absent: ([\d.]*\d)`).FindStringSubmatch(comment); m != nil {
				defaults++
				p, message := empty(kind)
				message.Set(message.Descriptor().Fields().ByName("n"), protoreflect.ValueOfInt32(16))
				full := toStrategy(read(t, p)).ProtoReflect().Get(kind).Message()
				if got := format(field, full.Get(field)); got != m[1] {
					t.Errorf("%s.%s, of which the contract says%q, is %s when absent", kind.Name(), field.Name(), comment, got)
				}
			}
		}
	}
	if ranges < 24 || defaults < 13 {
		t.Errorf("%d ranges and %d defaults found in comments, want more: the test reads them no more", ranges, defaults)
	}
}
