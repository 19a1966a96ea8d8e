package main

import (
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/ponder-mesh/ponder/lab/report"
	"github.com/ponder-mesh/ponder/services/planner/strategies"
)

// docs/command.md names each field of the rows that commands print in JSON, in the line of the command.
func TestFieldsOfJSONAreDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/command.md")
	if err != nil {
		t.Fatal(err)
	}
	line := func(command string) string {
		for l := range strings.Lines(string(text)) {
			if strings.HasPrefix(l, "| `"+command+"`") {
				return l
			}
		}
		return ""
	}
	for command, rows := range map[string][]any{
		"bench run":             {armSummary{}},
		"bench report":          {report.Row{}},
		"doctor":                {finding{}},
		"queue show":            {queueModel{}, queueWorker{}},
		"solve --strategy help": {strategies.Info{}, strategies.Parameter{}},
	} {
		for _, row := range rows {
			for _, name := range fieldsOf(reflect.TypeOf(row)) {
				if !strings.Contains(line(command), "`"+name+"`") {
					t.Errorf("%s: field %s is not documented in %q", command, name, line(command))
				}
			}
		}
	}
	for _, name := range fieldsOf(reflect.TypeFor[errorRow]().Field(0).Type) {
		if !strings.Contains(string(text), `"`+name+`":…`) {
			t.Errorf("field %s of an error is not documented", name)
		}
	}
	if got := fieldsOf(reflect.TypeFor[armSummary]()); len(got) < 8 {
		t.Errorf("the test sees only the fields %q", got)
	}
}

// fieldsOf returns the names of a struct's fields in JSON.
func fieldsOf(of reflect.Type) (names []string) {
	for i := range of.NumField() {
		f := of.Field(i)
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case f.Anonymous:
			names = append(names, fieldsOf(f.Type)...)
		case f.IsExported() && name != "-":
			names = append(names, name)
		}
	}
	return names
}
