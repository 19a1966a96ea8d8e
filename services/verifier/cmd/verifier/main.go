// Command verifier serves a process reward model over gRPC.
package main

import (
	"context"
	"time"

	"github.com/ponder-mesh/ponder/internal/serve"
)

func main() {
	s := serve.NewSettings("verifier", 7702, 7792, 5*time.Minute)
	var c config
	s.Fields(&c)
	s.Fields(&c.Engine)
	serve.Main(s, func(ctx context.Context) error { return run(ctx, s, c) })
}
