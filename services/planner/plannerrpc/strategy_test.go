package plannerrpc

import (
	"errors"
	"fmt"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"pgregory.net/rapid"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// kinds returns the fields of the strategies that the contract has and planners serve.
func kinds() (kinds []protoreflect.FieldDescriptor) {
	fields := (&plannerv1.Strategy{}).ProtoReflect().Descriptor().Oneofs().ByName("kind").Fields()
	for i := range fields.Len() {
		if fields.Get(i).Name() != "ladder" {
			kinds = append(kinds, fields.Get(i))
		}
	}
	return kinds
}

// parameters returns the fields of a kind.
func parameters(kind protoreflect.FieldDescriptor) (fields []protoreflect.FieldDescriptor) {
	for i := range kind.Message().Fields().Len() {
		fields = append(fields, kind.Message().Fields().Get(i))
	}
	return fields
}

// empty returns the strategy of a kind without parameters, and the message of that kind in it.
func empty(kind protoreflect.FieldDescriptor) (*plannerv1.Strategy, protoreflect.Message) {
	p := &plannerv1.Strategy{}
	return p, p.ProtoReflect().Mutable(kind).Message()
}

// read returns the strategy of a message.
func read(t *testing.T, p *plannerv1.Strategy) search.Strategy {
	t.Helper()
	s, err := StrategyFromProto(p)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// drawn returns a strategy of the type of s with all parameters set.
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

// StrategyFromProto is the inverse of StrategyToProto, with every parameter of every strategy.
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
				bytes, err := proto.Marshal(StrategyToProto(want))
				if err != nil {
					t.Fatal(err)
				}
				p := &plannerv1.Strategy{}
				if err := proto.Unmarshal(bytes, p); err != nil {
					t.Fatal(err)
				}
				if got, err := StrategyFromProto(p); err != nil || got != want {
					t.Errorf("got %#v and error %v, want %#v", got, err, want)
				}
			})
		})
	}
}

// StrategyFromProto and StrategyToProto have a case for every kind of strategy.
func TestEveryKindOfStrategyIsConverted(t *testing.T) {
	for _, kind := range kinds() {
		p, _ := empty(kind)
		s, err := StrategyFromProto(p)
		if err != nil {
			t.Errorf("%s: %v", kind.Name(), err)
		} else if got, want := fmt.Sprintf("%T", StrategyToProto(s).GetKind()), fmt.Sprintf("%T", p.GetKind()); got != want {
			t.Errorf("%s is converted back to %s", want, got)
		}
	}
	if _, err := StrategyFromProto(&plannerv1.Strategy{}); !errors.Is(err, reasoning.ErrInvalid) {
		t.Errorf("no kind: got %v, want ErrInvalid", err)
	}
}

// Every strategy and parameter of the contract is in the catalogue, and no other.
func TestCatalogueIsTheContract(t *testing.T) {
	var catalogue, contract []string
	for _, s := range strategies.Catalogue() {
		catalogue = append(catalogue, s.Name)
		if s.Summary == "" || s.Source == "" && s.Name != "greedy" {
			t.Errorf("%s: summary %q, source %q", s.Name, s.Summary, s.Source)
		}
		for _, p := range s.Parameters {
			catalogue = append(catalogue, s.Name+" "+p.Name)
			if p.Summary == "" || p.Default == "" {
				t.Errorf("%s %s: summary %q, default %q", s.Name, p.Name, p.Summary, p.Default)
			}
		}
	}
	for _, kind := range kinds() {
		p, _ := empty(kind)
		name := read(t, p).Name()
		if want := strings.ReplaceAll(string(kind.Name()), "_", "-"); name != want {
			t.Errorf("strategy %s has the name %s in the contract", name, want)
		}
		contract = append(contract, name)
		for _, field := range parameters(kind) {
			contract = append(contract, name+" "+string(field.Name()))
		}
	}
	slices.Sort(catalogue) // its order differs from the contract's
	slices.Sort(contract)
	if diff := cmp.Diff(catalogue, contract); diff != "" {
		t.Errorf("catalogue -, contract +\n%s", diff)
	}
	if got, want := len(strategies.Names()), len(kinds()); got != want {
		t.Errorf("%d names, want %d", got, want)
	}
}

// Enums of parameters are converted by number.
func TestMctsFinal(t *testing.T) {
	for number, name := range plannerv1.MctsFinal_name {
		if want := "MCTS_FINAL_" + strings.ToUpper(search.Final(number).String()); number != 0 && name != want {
			t.Errorf("%s has the number of search.Final %v", name, search.Final(number))
		}
	}
	if got := len(plannerv1.MctsFinal_name) - 1; got != int(search.FinalValue) {
		t.Errorf("the contract has %d values, search.Final has %d", got, search.FinalValue)
	}
}

// Absent parameters have the defaults of package strategies, for any n.
func TestAbsentParameters(t *testing.T) {
	for _, kind := range kinds()[1:] {
		for n := 1; n <= 300; n++ {
			p, m := empty(kind)
			m.Set(m.Descriptor().Fields().ByName("n"), protoreflect.ValueOfInt32(int32(n)))
			got := read(t, p)
			want, err := strategies.Parse(got.Name(), n)
			if err != nil || got != want {
				t.Errorf("got %+v, want %+v and error %v", got, want, err)
			}
		}
	}
}

// comments returns the contract's comment on each field, by "Message.field".
func comments(t *testing.T) map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../../proto/ponder/planner/v1/strategy.proto")
	if err != nil {
		t.Fatal(err)
	}
	comments := map[string]string{}
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
			comments[message+"."+m[1]], comment = comment, ""
		default:
			comment = ""
		}
	}
	return comments
}

// The numbers in the contract's comments are true: of "1…256" both ends are accepted, and no
// value beyond them; of "Absent: 40" the default is 40.
func TestNumbersInCommentsOfTheContract(t *testing.T) {
	comments := comments(t)
	ranges, defaults := 0, 0
	for _, kind := range kinds() {
		for _, field := range parameters(kind) {
			comment := comments[string(kind.Message().Name())+"."+string(field.Name())]
			with := func(value float64) error {
				p, m := empty(kind)
				m.Set(m.Descriptor().Fields().ByName("n"), protoreflect.ValueOfInt32(16))
				if field.Kind() == protoreflect.DoubleKind {
					m.Set(field, protoreflect.ValueOfFloat64(value))
				} else {
					m.Set(field, protoreflect.ValueOfInt32(int32(value)))
				}
				s, err := StrategyFromProto(p)
				if err != nil {
					return err
				}
				return s.Validate()
			}
			if m := regexp.MustCompile(`([\d.]+)…(\d+|n)`).FindStringSubmatch(comment); m != nil {
				ranges++
				lo, _ := strconv.ParseFloat(m[1], 64)
				hi, err := strconv.ParseFloat(m[2], 64)
				if err != nil {
					hi = 16
				}
				for value, good := range map[float64]bool{lo: true, hi: true, lo - 1: false, hi + 1: false} {
					err := with(value)
					var rule *reasoning.InvalidError
					if value == 0 && !field.HasPresence() && field.Name() != "n" {
						continue // 0 is the same as absent
					}
					name := fmt.Sprintf("strategy.%s.%s", kind.Name(), field.Name())
					if good != (err == nil) || !good && (!errors.As(err, &rule) || rule.Field != name) {
						t.Errorf("%s with comment %q: value %v gives error %v", name, comment, value, err)
					}
				}
			}
			if m := regexp.MustCompile(`Absent: ([\d.]*\d)`).FindStringSubmatch(comment); m != nil {
				defaults++
				p, message := empty(kind)
				message.Set(message.Descriptor().Fields().ByName("n"), protoreflect.ValueOfInt32(16))
				full := StrategyToProto(read(t, p)).ProtoReflect().Get(kind).Message()
				if got := full.Get(field).String(); got != m[1] {
					t.Errorf("%s.%s with comment %q: the default is %s", kind.Name(), field.Name(), comment, got)
				}
			}
		}
	}
	if ranges < 24 || defaults < 13 {
		t.Errorf("%d ranges and %d defaults found in comments, want at least 24 and 13: the test shows nothing", ranges, defaults)
	}
}
