// Command pocket makes the problems of the pocket models, and the data and files of their
// training. Package lab/cards measures the trained models.
package main

import (
	"bufio"
	"encoding/json"
	"os"

	"github.com/alecthomas/kong"

	"github.com/ponder-mesh/ponder/pocket/problems"
)

type problemsCmd struct {
	Split string `default:"train" enum:"train,validation,test" help:"One of the three disjoint sets of problems."`
	N     int    `default:"10" help:"Number of problems."`
	Seed  uint64 `default:"1" help:"Seed of the problems."`
	Steps int    `help:"Only problems of this many steps (1-8; 0: any)."`
	Level int    `help:"Only problems of this level (1-4; 0: any)."`
}

func (c *problemsCmd) Run() error {
	ps, err := problems.All(problems.Options{Split: problems.Split(c.Split), Seed: c.Seed, NSteps: c.Steps,
		Level: c.Level})
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

func main() {
	var cli struct {
		Problems problemsCmd `cmd:"" help:"Write problems with their solutions, one JSON object per line."`
		Pack     packCmd     `cmd:"" help:"Convert the output of training to a GGUF file."`
		Sample   sampleCmd   `cmd:"" help:"Write a policy's attempts at problems, for training reward models."`
		Features featuresCmd `cmd:"" help:"Write the features on which the head of a reward model is trained."`
		Wrong    wrongCmd    `cmd:"" help:"Write problems with wrong attempts at them, for training revisers and thinkers."`
	}
	ctx := kong.Parse(&cli, kong.Name("pocket"), kong.UsageOnError())
	ctx.FatalIfErrorf(ctx.Run())
}
