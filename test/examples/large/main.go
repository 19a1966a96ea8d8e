// Command large serves a planner that has one search, which ended with many large
// solutions, for clients to watch: it prints the search's id and serves until it is
// killed. No model is asked: a script writes the solutions.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net"
	"strings"
	"time"

	"google.golang.org/grpc"

	"github.com/ponder-mesh/ponder/internal/serve"
	"github.com/ponder-mesh/ponder/reasoning"
	"github.com/ponder-mesh/ponder/services/planner"
	"github.com/ponder-mesh/ponder/services/planner/plannerrpc"
	"github.com/ponder-mesh/ponder/services/planner/search"
	"github.com/ponder-mesh/ponder/services/policy"
	"github.com/ponder-mesh/ponder/services/policy/policytest"
)

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where to serve")
	n := flag.Int("n", 4096, "solutions")
	size := flag.Int("size", 8192, "bytes of a solution")
	flag.Parse()
	if err := run(*addr, *n, *size); err != nil {
		log.Fatal(err)
	}
}

func run(addr string, n, size int) error {
	text := strings.Repeat("7 bytes", size/7) + "\nA:19\n"
	step := reasoning.Step{Text: text, Tokens: size / 4}
	script := &policytest.Script{Reply: func(policy.Request, int) policytest.Reply {
		return policytest.Reply{Child: policy.Child{Steps: []reasoning.Step{step}, Finish: reasoning.FinishEnd}}
	}}
	p := planner.New(planner.Config{Policy: script, Sampling: reasoning.Sampling{Temperature: 1, TopP: 1, MaxTokens: size}})
	defer p.Close()
	ctx := context.Background()
	request := planner.Request{Tenant: "default", Problem: "12+7", Strategy: search.Majority{N: n, Exhaustive: true}}
	created, err := p.Create(ctx, request)
	if err != nil {
		return err
	}
	ended, err := p.Wait(ctx, planner.Ref{Tenant: request.Tenant, ID: created.ID}, 5*time.Minute)
	if err != nil {
		return err
	}
	if ended.State != planner.StateSucceeded || ended.Nodes != n {
		return fmt.Errorf("the search is %v and has %d nodes: %+v", ended.State, ended.Nodes, ended.Outcome)
	}
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	server := grpc.NewServer(serve.Interceptors(nil)...)
	plannerrpc.Register(server, p)
	fmt.Println(ended.ID)
	return server.Serve(listener)
}
