// Command cards measures the shipped pocket models and copies the figures into their cards, pocket/models/*.md.
// Run it in the repository's root.
package main

import (
	"context"
	"log/slog"
	"os"
	"os/signal"

	"github.com/alecthomas/kong"

	"github.com/ponder-mesh/ponder/lab/cards"
)

func main() {
	var cli struct {
		Policies cards.Policies `cmd:"" help:"Measure policies and a reward model on held-out problems."`
		Reviser  cards.Reviser  `cmd:"" help:"Measure the reviser on held-out problems, by searches of a mesh in this process."`
		Thinker  cards.Thinker  `cmd:"" help:"Measure the thinker on held-out problems, by searches of a mesh in this process."`
		Fill     cards.Fill     `cmd:"" help:"Write the figures of docs/evidence into the cards."`
		Check    cards.Check    `cmd:"" help:"Fail if a figure of a card is not the one in docs/evidence."`
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	slog.SetLogLoggerLevel(slog.LevelWarn)
	line := kong.Parse(&cli, kong.Name("cards"), kong.UsageOnError(), kong.BindTo(ctx, (*context.Context)(nil)))
	line.FatalIfErrorf(line.Run())
}
