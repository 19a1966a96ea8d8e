// Command go is a Ponder client that imports nothing of Ponder but its contract.
//
//	go run . [-addr 127.0.0.1:7700] "Tom has 3 apples. Tom finds 4 more. How many apples does Tom have now?"
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	plannerv1 "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
)

func main() {
	log.SetFlags(0)
	addr := flag.String("addr", "127.0.0.1:7700", "the planner's address")
	flag.Parse()
	if err := solve(*addr, flag.Arg(0)); err != nil {
		log.Fatal(err)
	}
}

func solve(addr, problem string) error {
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return err
	}
	defer conn.Close()
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	stream, err := plannerv1.NewPlannerServiceClient(conn).Solve(ctx, &plannerv1.SolveRequest{
		Problem:  problem,
		Strategy: &plannerv1.Strategy{Kind: &plannerv1.Strategy_Beam{Beam: &plannerv1.Beam{N: 8}}},
	})
	if err != nil {
		return err
	}
	for {
		response, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			return errors.New("the stream ended without an outcome")
		}
		if err != nil {
			return err
		}
		event := response.GetEvent()
		for _, node := range event.GetNodes() {
			log.Printf("node %-6s %-9s %v", node.GetNodeId(), node.GetState(), node.GetSteps())
		}
		if outcome := event.GetOutcome(); outcome != nil {
			fmt.Println(outcome.GetAnswer())
			return nil
		}
	}
}
