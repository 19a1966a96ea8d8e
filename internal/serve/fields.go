package serve

import (
	"fmt"
	"reflect"
	"strconv"
)

// Fields adds a flag for each field of *config that has a tag `name`, with its tags
// `help` and `default`, and a second environment variable by its tag `env`. The ponder command reads the same tags, so that a setting has
// one name everywhere. Fields are strings, integers, or bools that are false unless
// set. It panics for another type and for a default that does not parse.
func (s *Settings) Fields(config any) {
	v := reflect.ValueOf(config).Elem()
	for i := range v.NumField() {
		tag := v.Type().Field(i).Tag
		name, help, value := tag.Get("name"), tag.Get("help"), tag.Get("default")
		if name == "" {
			continue
		}
		s.shared[name] = tag.Get("env")
		switch field := v.Field(i).Addr().Interface().(type) {
		case *string:
			s.StringVar(field, name, value, help)
		case *int:
			s.IntVar(field, name, int(mustParse(name, value)), help)
		case *int64:
			s.Int64Var(field, name, mustParse(name, value), help)
		case *bool:
			s.BoolVar(field, name, false, help)
		default:
			panic(fmt.Sprintf("flag -%s: a field of type %T cannot be a flag", name, field))
		}
	}
}

// mustParse parses the default of a flag; an empty default is 0.
func mustParse(name, value string) int64 {
	if value == "" {
		return 0
	}
	n, err := strconv.ParseInt(value, 10, 64)
	if err != nil {
		panic(fmt.Sprintf("flag -%s: default: %v", name, err))
	}
	return n
}
