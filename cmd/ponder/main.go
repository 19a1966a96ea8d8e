// Command ponder is Ponder for people: the whole mesh in one process, questions to
// a running one, and a look at what it did.
//
// Data goes to standard output, everything else to standard error; --json makes the
// data JSON lines. Colour and animation appear only on a terminal. Exit codes: 0
// done, 1 failed, 2 wrong usage, 130 interrupted.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kong"
)

const examples = `Examples:
  ponder demo                                          watch four services solve problems in this process
  ponder dev                                           the same, kept running on loopback
  ponder solve "Tom has 3 apples. Tom finds 4 more. How many apples does Tom have now?"
  ponder solve --strategy beam --n 16 --m 4 -          search as told; the problem comes from standard input
  ponder dev --policy-url http://localhost:8000/v1 --policy-model NAME
  ponder bench run --out results.jsonl --store samples.jsonl --arms greedy,majority,beam --n 4,16
  ponder calibrate --out calibration                   measure which strategy pays where, for planners to follow
  ponder doctor                                        what is reachable, what is not, what to do
  ponder trace traces/demo.jsonl                       latency by depth of the searches in a trace file

`

// cli is the command line.
type cli struct {
	JSON bool `help:"Print data as JSON lines." short:"j"`

	Demo      demoCmd      `cmd:"" help:"Solve held-out problems with all four services in this process, and compare strategies."`
	Bench     benchCmd     `cmd:"" help:"Ask a set of problems with many strategies, into a file of results that goes on where it stopped."`
	Calibrate calibrateCmd `cmd:"" help:"Measure which strategy is best for which difficulty and budget, and write the profile that planners follow."`
	Dev       devCmd       `cmd:"" help:"Run all four services in this process, on loopback, until interrupted."`
	Profile   profileCmd   `cmd:"" help:"Show profiles, and hand them to the planners of a cluster."`
	Queue     queueCmd     `cmd:"" help:"Show the work queue and its workers, and set what all processes of the queue agree on."`
	Solve     solveCmd     `cmd:"" help:"Solve a problem on a running planner and follow the search."`
	Plan      planCmd      `cmd:"" help:"Say how a problem would be solved, and why, without searching."`
	Watch     watchCmd     `cmd:"" help:"Follow a search by its id."`
	Cancel    cancelCmd    `cmd:"" help:"Cancel a search by its id."`
	Trace     traceCmd     `cmd:"" help:"Show latency by depth, and one search as a waterfall, from a trace file."`
	Doctor    doctorCmd    `cmd:"" help:"Say what is reachable, what is not, and what to do."`
	Version   versionCmd   `cmd:"" help:"Print the version."`
}

// newParser reads command lines into c. Its help leads with examples.
func newParser(c *cli, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(c, append([]kong.Option{
		kong.Name("ponder"), kong.Description("Spends a language model's test-time compute where it pays."),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Help(func(o kong.HelpOptions, k *kong.Context) error {
			if k.Command() == "" {
				fmt.Fprint(k.Stdout, examples)
			}
			return kong.DefaultHelpPrinter(o, k)
		}),
	}, options...)...)
}

func main() {
	slog.SetDefault(slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn})))
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		panic(err) // a mistake in the tags above
	}
	if len(os.Args) == 1 {
		os.Args = append(os.Args, "--help")
	}
	command, err := parser.Parse(os.Args[1:])
	if err != nil {
		fmt.Fprintln(os.Stderr, "ponder:", err, "(see ponder --help)")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal kills
	command.BindTo(ctx, (*context.Context)(nil))
	err = command.Run(&output{json: c.JSON})
	switch {
	case err == nil:
	case errors.Is(err, errInterrupted):
		fmt.Fprintln(os.Stderr, "ponder:", err)
		os.Exit(130)
	case errors.As(err, new(usageError)):
		fmt.Fprintln(os.Stderr, "ponder:", err, "(see ponder --help)")
		os.Exit(2)
	default:
		fmt.Fprintln(os.Stderr, "ponder:", err)
		os.Exit(1)
	}
}
