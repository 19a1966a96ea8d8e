// Command difficulty estimates the difficulty of problems over gRPC. It takes samples
// from the policy's workers through the queue, and scores from a verifier.
package main

import (
	"context"
	"time"

	"github.com/ponder-mesh/ponder/internal/serve"
)

func main() {
	s := serve.NewSettings("difficulty", 7703, 7793, 5*time.Minute)
	var c config
	s.Fields(&c)
	serve.Main(s, func(ctx context.Context, d *serve.Dependencies) (serve.Service, error) { return build(ctx, d, c) })
}
