package main

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// Each command of ponder, make and go in a block of README.md and docs can be copied: its flags, targets and packages
// exist, its settings have an effect, and its problem is one that the shipped models read.
func TestCommandsOfDocumentsParse(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	documents, err := filepath.Glob(filepath.Join(root, "docs/*.md"))
	if err != nil {
		t.Fatal(err)
	}
	t.Chdir(t.TempDir()) // for files that commands name
	counts := map[string]int{}
	for _, document := range append(documents, filepath.Join(root, "README.md")) {
		text, err := os.ReadFile(document)
		if err != nil {
			t.Fatal(err)
		}
		variables := strings.NewReplacer()
		for _, line := range blocks(string(text)) {
			line = strings.TrimPrefix(strings.TrimSpace(line), "$ ")
			if name, value, ok := strings.Cut(line, "="); ok && regexp.MustCompile(`^[A-Z]+$`).MatchString(name) {
				variables = strings.NewReplacer("$"+name, words(value)[0])
				continue
			}
			args := words(variables.Replace(line))
			if problem := checkCommand(root, args); problem != "" {
				t.Errorf("%s: %s: %s", filepath.Base(document), line, problem)
			} else if len(args) > 0 {
				counts[args[0]]++
			}
		}
		for _, code := range regexp.MustCompile("`((?:ponder|make|go) [a-z.][^`]*)`").FindAllStringSubmatch(string(text), -1) {
			if problem := checkMention(root, strings.Fields(code[1])); problem != "" {
				t.Errorf("%s: %s: %s", filepath.Base(document), code[1], problem)
			}
		}
	}
	if counts["ponder"] < 20 || counts["make"] < 2 || counts["go"] < 1 {
		t.Errorf("checked only %v", counts)
	}
}

// The check finds the commands that do not work.
func TestCheckOfCommands(t *testing.T) {
	root := "../.."
	for line, want := range map[string]string{
		`ponder solve --strategy beam --n 16 "Tom has 3 apples."  # a comment`: "",
		`make test`:                      "",
		`go run ./cmd/ponder demo`:       "",
		`ls --nothing`:                   "",
		`ponder solve --stratgy beam p`:  "unknown flag --stratgy",
		`ponder sovle p`:                 "sovle",
		`ponder solve --n 16 p`:          "--n: is a parameter",
		`ponder solve "…"`:               "not a literal problem",
		`ponder dev --policy-model m`:    "no effect without --policy-url",
		`ponder queue set 32  partition`: "unexpected argument",
		`make tset`:                      "no target",
		`go run ./cmd/pondr`:             "no package",
		`go run ./cmd/ponder sovle`:      "sovle",
	} {
		if got := checkCommand(root, words(line)); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q in it", line, got, want)
		}
	}
	for line, want := range map[string]string{
		"ponder bench report --prices …": "", "ponder dev --profile …": "", "make up": "", "go test ./mesh": "",
		"ponder bench rport": "no command", "ponder dev --profil": "no flag", "make upp": "no target",
	} {
		if got := checkMention(root, strings.Fields(line)); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%s: got %q, want %q in it", line, got, want)
		}
	}
}

// blocks returns the lines of the fenced and indented blocks of a Markdown document.
func blocks(document string) (lines []string) {
	fenced := false
	for line := range strings.Lines(document) {
		switch {
		case strings.HasPrefix(line, "```"):
			fenced = !fenced
		case fenced || strings.HasPrefix(line, "    "):
			lines = append(lines, line)
		}
	}
	return lines
}

// words splits a command line as a shell does, up to a comment or a control operator.
func words(line string) (words []string) {
	word := regexp.MustCompile(`^(?:"[^"]*"|'[^']*'|[^\s"'|&;])+`)
	for {
		line = strings.TrimSpace(line)
		w := word.FindString(line)
		if w == "" || w[0] == '#' {
			return words
		}
		line = line[len(w):]
		words = append(words, strings.NewReplacer(`"`, "", "'", "").Replace(w))
	}
}

// checkCommand returns what is wrong with a command, or "". Commands of other programs are not checked.
func checkCommand(root string, args []string) string {
	switch {
	case len(args) > 1 && args[0] == "ponder":
		return checkPonder(args[1:])
	case len(args) > 2 && args[0] == "go":
		if problem := checkMention(root, args); problem != "" || args[2] != "./cmd/ponder" || args[1] != "run" {
			return problem
		}
		return checkPonder(args[3:])
	}
	return checkMention(root, args)
}

// checkPonder returns what is wrong with the arguments of ponder.
func checkPonder(args []string) string {
	for _, arg := range args {
		if ext := filepath.Ext(arg); ext != ".json" && ext != ".jsonl" {
			continue
		}
		if err := os.MkdirAll(filepath.Dir(arg), 0o755); err != nil {
			return err.Error()
		}
		if err := os.WriteFile(arg, nil, 0o644); err != nil {
			return err.Error()
		}
	}
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		return err.Error()
	}
	command, err := parser.Parse(args)
	if err != nil {
		return err.Error()
	}
	var flags *requestFlags
	switch command.Selected().Name {
	case "dev":
		models, err := c.Dev.open()
		if err != nil {
			return err.Error()
		}
		if err := models.close(); err != nil {
			return err.Error()
		}
		return ""
	case "solve":
		flags = &c.Solve.requestFlags
	case "plan":
		flags = &c.Plan.requestFlags
	default:
		return ""
	}
	if strings.ContainsFunc(flags.Problem, func(r rune) bool { return r < ' ' || r > '~' }) {
		return "not a literal problem that the shipped models read"
	}
	if flags.Strategy == "help" {
		return ""
	}
	flags.Problem = "p" // do not read standard input
	if _, err := flags.request(); err != nil {
		return err.Error()
	}
	return ""
}

// checkMention returns what is wrong with a command that a text mentions, perhaps without all of its arguments: a
// command, a flag, a target or a package that does not exist.
func checkMention(root string, args []string) string {
	if len(args) < 2 {
		return ""
	}
	switch args[0] {
	case "make":
		makefile, err := os.ReadFile(filepath.Join(root, "Makefile"))
		if err != nil {
			return err.Error()
		}
		if !regexp.MustCompile(`(?m)^` + regexp.QuoteMeta(args[1]) + `:`).Match(makefile) {
			return "no target " + args[1]
		}
	case "go":
		for _, arg := range args[2:] {
			if !strings.HasPrefix(arg, "./") || strings.HasSuffix(arg, "...") {
				continue
			}
			if files, err := filepath.Glob(filepath.Join(root, arg, "*.go")); err != nil || len(files) == 0 {
				return "no package " + arg
			}
		}
	case "ponder":
		return mentionOfPonder(args[1:])
	}
	return ""
}

// mentionOfPonder returns what is wrong with a mention of a command of ponder.
func mentionOfPonder(args []string) string {
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		return err.Error()
	}
	node := parser.Model.Node
	for _, arg := range args {
		if name, _, _ := strings.Cut(arg, "="); strings.HasPrefix(name, "--") {
			has := func(n *kong.Node) bool {
				return slices.ContainsFunc(n.Flags, func(f *kong.Flag) bool {
					return f.Name == name[2:] || slices.Contains(f.Aliases, name[2:])
				})
			}
			if !has(node) && !has(parser.Model.Node) && !slices.ContainsFunc(node.Leaves(false), has) {
				return "no flag " + name
			}
			continue
		}
		if len(node.Children) == 0 || !regexp.MustCompile(`^[a-z]+$`).MatchString(arg) {
			continue
		}
		i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == arg })
		if i < 0 {
			return "no command " + arg
		}
		node = node.Children[i]
	}
	return ""
}
