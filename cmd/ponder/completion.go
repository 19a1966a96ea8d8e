package main

import (
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/alecthomas/kong"
)

type completionCmd struct {
	Words []string `arg:"" optional:"" hidden:""` // that the shell appends: the command, the word and the one before it
}

// Run prints the line that makes a shell complete commands and flags of ponder. When a shell completes a line, which
// it has in COMP_LINE, Run prints what the word at the cursor may become.
func (c *completionCmd) Run(out *output, command *kong.Context) error {
	line, ok := os.LookupEnv("COMP_LINE")
	if !ok {
		return out.line("complete -C 'ponder completion' ponder")
	}
	if at, err := strconv.Atoi(os.Getenv("COMP_POINT")); err == nil && at >= 0 && at < len(line) {
		line = line[:at]
	}
	for _, word := range completions(command.Model.Node, line) {
		if err := out.line("%s", word); err != nil {
			return err
		}
	}
	return nil
}

// completions returns what the last word of a line may become: commands, or flags if it begins with a hyphen.
func completions(app *kong.Node, line string) (all []string) {
	words := strings.Fields(line)
	last := ""
	if len(words) > 0 && !strings.HasSuffix(line, " ") {
		last, words = words[len(words)-1], words[:len(words)-1]
	}
	node := app
	for _, word := range words {
		if i := slices.IndexFunc(node.Children, func(n *kong.Node) bool { return n.Name == word }); i >= 0 {
			node = node.Children[i]
		}
	}
	for _, child := range node.Children {
		all = append(all, child.Name)
	}
	for _, flags := range node.AllFlags(true) {
		for _, f := range flags {
			if strings.HasPrefix(last, "-") {
				all = append(all, "--"+f.Name)
			}
		}
	}
	all = slices.DeleteFunc(all, func(word string) bool { return !strings.HasPrefix(word, last) })
	slices.Sort(all)
	return slices.Compact(all)
}
