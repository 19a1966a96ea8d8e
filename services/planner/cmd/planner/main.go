// Command planner solves problems over gRPC. It uses the policy's workers through the
// queue, a verifier and a difficulty service.
package main

import (
	"context"
	"time"

	"github.com/ponder-mesh/ponder/internal/serve"
)

func main() {
	s := serve.NewSettings("planner", 7700, 7790, 0)
	var c config
	s.Fields(&c)
	s.DurationVar(&c.Timeout, "timeout", 10*time.Minute, "`time` until the deadline of a search whose request sets none")
	serve.Main(s, func(ctx context.Context, d *serve.Dependencies) (serve.Service, error) { return build(ctx, d, c) })
}
