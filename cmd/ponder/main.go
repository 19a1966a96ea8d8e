// Command ponder runs all of Ponder in one process, sends problems to a running planner,
// measures strategies, and inspects services and traces.
//
// Data goes to standard output and everything else to standard error; --json prints the
// data as JSON lines, of which the last is the error of a command that fails. Animation appears
// only on a terminal. The exit code is 0 for success, 1 for failure, 2 for wrong usage and for a
// request that is refused because a field breaks a rule, 130 for an interrupt.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"slices"
	"syscall"

	"github.com/alecthomas/kong"

	"github.com/ponder-mesh/ponder/internal/serve"
)

const examples = `Examples:
  ponder demo                                          watch four services solve problems in this process
  ponder dev                                           run the four services on loopback
  ponder solve "Tom has 3 apples. Tom finds 4 more. How many apples does Tom have now?"
  ponder solve --strategy beam --n 16 --m 4 -          a given strategy; the problem from standard input
  ponder dev --policy-url http://localhost:8000/v1 --policy-model NAME
  ponder bench run --out results.jsonl --store samples.jsonl --arms greedy,majority,beam --n 4,16
  ponder calibrate --out calibration                   measure which strategy is best at which difficulty, for plans
  ponder doctor                                        check the services: what is missing, and the remedy
  ponder trace traces/demo.jsonl                       latency by depth of the searches in a trace file

`

// cli defines the command line.
type cli struct {
	JSON        bool             `help:"Print data as JSON lines." short:"j"`
	ShowVersion kong.VersionFlag `name:"version" help:"Print the version."`

	Demo      demoCmd      `cmd:"" help:"Solve held-out problems with all four services in this process, and compare strategies."`
	Bench     benchCmd     `cmd:"" help:"Solve a set of problems with each of several strategies; a stopped run resumes from its file of results."`
	Calibrate calibrateCmd `cmd:"" help:"Measure which strategy is best at each difficulty and budget, and write a profile for planners."`
	Dev       devCmd       `cmd:"" help:"Run all four services in this process, on loopback, until interrupted."`
	Profile   profileCmd   `cmd:"" help:"Show calibration profiles, and publish them to the planners of a cluster."`
	Queue     queueCmd     `cmd:"" help:"Show the work queue and its workers, and change its settings."`
	Solve     solveCmd     `cmd:"" help:"Solve a problem on a running planner and follow the search."`
	Plan      planCmd      `cmd:"" help:"Print the plan for a problem, and the reason, without searching; an estimate of difficulty may cost tokens."`
	Searches  searchesCmd  `cmd:"" help:"List the searches of a planner, the newest first."`
	Watch     watchCmd     `cmd:"" help:"Follow a search by its id."`
	Cancel    cancelCmd    `cmd:"" help:"Cancel a search by its id."`
	Trace     traceCmd     `cmd:"" help:"Show latency by depth, and one search as a waterfall, from a trace file."`
	Doctor    doctorCmd    `cmd:"" help:"Check the services, and name what is missing and the remedy."`
	Version   versionCmd   `cmd:"" help:"Print the version."`

	Completion completionCmd `cmd:"" help:"Print the line by which bash completes commands and flags: eval \"$(ponder completion)\"."`
}

// newParser returns a parser of command lines into c, whose help begins with examples.
func newParser(c *cli, options ...kong.Option) (*kong.Kong, error) {
	return kong.New(c, append([]kong.Option{
		kong.Name("ponder"), kong.Description("Allocates a language model's test-time compute per problem."),
		kong.Vars{"version": "ponder " + serve.Version()},
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
		kong.Help(func(o kong.HelpOptions, k *kong.Context) error {
			if k.Command() == "" {
				fmt.Fprint(k.Stdout, examples)
			}
			return kong.DefaultHelpPrinter(o, k)
		}),
	}, options...)...)
}

func main() { os.Exit(run(os.Args[1:])) }

// run runs a command line and returns the exit code.
func run(args []string) int {
	slog.SetDefault(newLog(slog.LevelWarn))
	var c cli
	parser, err := newParser(&c)
	if err != nil {
		panic(err) // a struct tag is wrong
	}
	switch {
	case len(args) == 0:
		args = []string{"--help"}
	case args[0] == "help":
		args = append(args[1:len(args):len(args)], "--help")
	}
	command, err := parser.Parse(args)
	if err != nil {
		out := &output{json: slices.ContainsFunc(args, func(a string) bool { return a == "--json" || a == "-j" })}
		return end(out, usageError{err}, parsed(err))
	}
	for _, message := range unknownVariables(command, os.Environ()) {
		say("ponder: %s", message)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // so that a second signal kills the process
	command.BindTo(ctx, (*context.Context)(nil))
	out := &output{json: c.JSON}
	return end(out, command.Run(out), command.Selected())
}

// parsed returns the command of a line that was not parsed to its end, or nil.
func parsed(err error) *kong.Node {
	var parse *kong.ParseError
	if errors.As(err, &parse) && parse.Context != nil {
		return parse.Context.Selected()
	}
	return nil
}

// end prints the error of a command, if there is one, and returns the exit code.
func end(out *output, err error, command *kong.Node) int {
	code := exitCode(err)
	switch code {
	case 0:
		return 0
	case 130:
		fail(err, "")
		return code
	case 2:
		path := "ponder"
		if command != nil {
			path = "ponder " + command.Path()
		}
		fail(err, " (see "+path+" --help)")
	default:
		fail(err, remedy(err))
	}
	if err := out.value(rowOf(err)); err != nil {
		fail(err, "")
	}
	return code
}
