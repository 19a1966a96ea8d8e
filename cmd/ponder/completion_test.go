package main

import (
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A shell that runs the command for a line gets what the word at the cursor may become.
func TestCompletion(t *testing.T) {
	for line, want := range map[string]string{
		"ponder so":                         "solve",
		"ponder s":                          "searches solve",
		"ponder bench ":                     "report resume run",
		"ponder bench re":                   "report resume",
		"ponder solve --think-m":            "--think-max --think-min --think-mode",
		"ponder --json solve --pol":         "--policy --policy-tokens",
		"ponder solve --js":                 "--json",
		"ponder nothing":                    "",
		"ponder solve --strategy beam --me": "",
	} {
		command := exec.Command(os.Args[0], "completion", "ponder", "word", "before")
		command.Env = append(os.Environ(), "PONDER_TEST_MAIN=1", "COMP_LINE="+line+"!", "COMP_POINT="+strconv.Itoa(len(line)))
		text, err := command.Output()
		if diff := cmp.Diff(strings.Join(strings.Fields(string(text)), " "), want); err != nil || diff != "" {
			t.Errorf("%q: error %v (-got +want):\n%s", line, err, diff)
		}
	}
	bash, err := exec.LookPath("bash")
	if err != nil {
		t.Skip("there is no bash")
	}
	dir := t.TempDir()
	if err := os.Symlink(os.Args[0], dir+"/ponder"); err != nil {
		t.Fatal(err)
	}
	script := exec.Command(bash, "-c", `eval "$(ponder completion)" && complete -p ponder`)
	script.Env = append(os.Environ(), "PONDER_TEST_MAIN=1", "PATH="+dir+":"+os.Getenv("PATH"))
	if text, err := script.Output(); err != nil || string(text) != "complete -C 'ponder completion' ponder\n" {
		t.Errorf("bash has %q, error %v", text, err)
	}
}
