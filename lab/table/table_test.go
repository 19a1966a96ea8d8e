package table

import (
	"errors"
	"strings"
	"testing"
)

func TestTable(t *testing.T) {
	table := New("strategy", ">N", ">accuracy ±")
	if plain := New("strategy", "N"); plain.Align != nil {
		t.Errorf("a table without alignment has %v", plain.Align)
	}
	table.Add("greedy", "1", "40.0")
	table.Add("a|b\nc", "256")
	var markdown, text strings.Builder
	if err := table.WriteMarkdown(&markdown); err != nil {
		t.Fatal(err)
	}
	if err := table.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	want := `| strategy  |   N | accuracy ± |
| --------- | --: | ---------: |
| greedy    |   1 |       40.0 |
| a\|b<br>c | 256 |            |
`
	if got := markdown.String(); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	want = `strategy    N  accuracy ±
────────  ───  ──────────
greedy      1        40.0
a|b c     256
`
	if got := text.String(); got != want {
		t.Errorf("got:\n%swant:\n%s", got, want)
	}
	if err := table.WriteText(broken{}); err == nil {
		t.Error("a broken writer gave no error")
	}
}

var errBroken = errors.New("broken")

type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, errBroken }
