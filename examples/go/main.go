// Command go is a client that imports only Ponder's contract: go run . solve PROBLEM | watch SEARCH | cancel SEARCH
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"log"
	"os"
	"time"

	pb "github.com/ponder-mesh/ponder/proto/ponder/planner/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
)

func main() {
	flag.Parse()
	addr := cmp.Or(os.Getenv("PONDER_ADDR"), "127.0.0.1:7700") // the planner's
	conn, err := grpc.NewClient(addr, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err == nil {
		err = run(context.Background(), pb.NewPlannerServiceClient(conn), flag.Arg(0), flag.Arg(1))
	}
	if err != nil {
		log.Fatal(err)
	}
}

func run(ctx context.Context, planner pb.PlannerServiceClient, command, argument string) error {
	if command == "cancel" {
		_, err := planner.CancelSearch(ctx, &pb.CancelSearchRequest{SearchId: argument})
		return err
	}
	if command == "solve" {
		response, err := planner.CreateSearch(ctx, &pb.CreateSearchRequest{Spec: &pb.SearchSpec{Problem: argument}})
		if err != nil {
			return err
		}
		argument = response.GetSearch().GetSearchId()
		log.Println("search", argument)
	}
	for after := int64(0); ; time.Sleep(time.Second) { // if a stream breaks, resume after its last event
		stream, err := planner.WatchSearch(ctx, &pb.WatchSearchRequest{SearchId: argument, AfterSequence: after})
		for err == nil {
			var response *pb.WatchSearchResponse
			response, err = stream.Recv()
			after = max(after, response.GetEvent().GetSequence())
			if outcome := response.GetEvent().GetOutcome(); outcome != nil {
				fmt.Println(outcome.GetAnswer())
				return nil
			}
		}
		if status.Code(err) != codes.Unavailable {
			return err
		}
	}
}
