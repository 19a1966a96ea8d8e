// Command policy serves a model engine over gRPC, and runs a worker that pulls jobs for
// the engine from the queue.
package main

import (
	"context"

	"github.com/ponder-mesh/ponder/internal/serve"
)

func main() {
	s := serve.NewSettings("policy", 7701, 7791, 0)
	var c config
	s.Fields(&c)
	s.Fields(&c.Engine)
	serve.Main(s, func(ctx context.Context, d *serve.Dependencies) (serve.Service, error) { return build(ctx, d, c) })
}
