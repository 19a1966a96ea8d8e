// Command pocket makes the problems of the pocket models, the data and files of
// their training, and the figures of their cards. Run it in the repository's root.
package main

import (
	"bufio"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/alecthomas/kong"

	"github.com/ponder-mesh/ponder/lab/evidence"
	"github.com/ponder-mesh/ponder/pocket/problems"
)

type problemsCmd struct {
	Split string `default:"train" enum:"train,validation,test" help:"Which of the disjoint sets."`
	N     int    `default:"10" help:"How many."`
	Seed  uint64 `default:"1" help:"Same seed, same problems."`
	Steps int    `help:"Only problems of this many steps (1-8; 0: any)."`
	Level int    `help:"Only problems of this hardness (1-4; 0: any)."`
}

func (c *problemsCmd) Run() error {
	ps, err := problems.All(problems.Options{Split: problems.Split(c.Split), Seed: c.Seed, NSteps: c.Steps, Level: c.Level})
	if err != nil {
		return err
	}
	w := bufio.NewWriter(os.Stdout)
	enc := json.NewEncoder(w)
	n := 0
	for p := range ps {
		if n == c.N {
			break
		}
		if err := enc.Encode(p); err != nil {
			return err
		}
		n++
	}
	return w.Flush()
}

type cardsCmd struct {
	Check bool `help:"Only say whether they are up to date."`
}

func (c *cardsCmd) Run() error {
	cards, err := filepath.Glob("pocket/models/*.md")
	if err != nil {
		return err
	}
	if c.Check {
		return evidence.Check("docs/evidence", cards...)
	}
	return evidence.Fill("docs/evidence", cards...)
}

func main() {
	var cli struct {
		Problems problemsCmd `cmd:"" help:"Write problems with their solutions, one JSON object a line."`
		Pack     packCmd     `cmd:"" help:"Turn what training wrote into a GGUF file."`
		Sample   sampleCmd   `cmd:"" help:"Write a policy's attempts at problems, for training judges."`
		Features featuresCmd `cmd:"" help:"Write what a judge's head sees of attempts."`
		Wrong    wrongCmd    `cmd:"" help:"Write problems with wrong attempts at them, for training revisers and thinkers."`
		Eval     evalCmd     `cmd:"" help:"Measure the shipped models on held-out problems."`
		Revise   reviseCmd   `cmd:"" help:"Measure the shipped reviser on held-out problems."`
		Think    thinkCmd    `cmd:"" help:"Measure the shipped thinker on held-out problems."`
		Cards    cardsCmd    `cmd:"" help:"Fill the model cards with the figures of the evidence."`
	}
	ctx := kong.Parse(&cli, kong.Name("pocket"), kong.UsageOnError())
	ctx.FatalIfErrorf(ctx.Run())
}
