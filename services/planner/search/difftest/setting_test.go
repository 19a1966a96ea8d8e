package difftest

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// A setting is a strategy with its parameters, a kind of script, and the results of a reference
// for each seed.
type setting struct {
	title  string            // "rebase n=4 balance=0.1 script=plain"
	name   string            // "rebase"
	params map[string]string // "n": "4" …
	lines  [][]string        // the fields of each line of data; the first is the seed
}

// read returns the settings of a file of testdata.
func read(t *testing.T, file string) []*setting {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	var all []*setting
	for line := range strings.Lines(string(text)) {
		fields := strings.Fields(line)
		switch {
		case len(fields) == 0 || fields[0] == "#":
		case fields[0] == "=":
			s := &setting{title: strings.Join(fields[1:], " "), name: fields[1], params: map[string]string{}}
			for _, field := range fields[2:] {
				key, value, _ := strings.Cut(field, "=")
				s.params[key] = value
			}
			all = append(all, s)
		default:
			s := all[len(all)-1]
			s.lines = append(s.lines, fields)
		}
	}
	return all
}

// outlines returns the outlines in a file of whole trees, by setting and seed.
func outlines(t *testing.T, file string) map[string]string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	trees := map[string]string{}
	for _, part := range strings.Split(string(text), "\n= ")[1:] {
		title, outline, _ := strings.Cut(part, "\n")
		trees[title] = outline
	}
	return trees
}

func (s *setting) int(param string) int {
	n, err := strconv.Atoi(s.params[param])
	if err != nil {
		panic(s.title + ": " + err.Error())
	}
	return n
}

func (s *setting) float(param string) float64 {
	x, err := strconv.ParseFloat(s.params[param], 64)
	if err != nil {
		panic(s.title + ": " + err.Error())
	}
	return x
}

// An expected is the tree of a reference for one seed of a setting.
type expected struct {
	seed   int
	hash   string // of the outline
	reason string // why Ponder's tree may differ; empty if it must not
	level  int    // with a reason: the trees must be equal down to this level
	above  string // hash of the outline down to that level
}

// trees returns the tree of the reference for each seed.
func (s *setting) trees() []expected {
	var all []expected
	for _, fields := range s.lines {
		e := expected{seed: number(fields[0]), hash: fields[1]}
		if len(fields) > 2 {
			e.reason, e.level, e.above = fields[2], number(fields[3]), fields[4]
		}
		all = append(all, e)
	}
	return all
}

func number(field string) int {
	n, err := strconv.Atoi(field)
	if err != nil {
		panic(err)
	}
	return n
}
