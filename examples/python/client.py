"""Solves problems with Ponder, follows searches and cancels them.

    python client.py solve "Tom has 3 apples. Tom finds 4 more. How many apples does Tom have now?"
    python client.py watch SEARCH
    python client.py cancel SEARCH

PONDER_ADDR is the planner's address, 127.0.0.1:7700 by default. Needs grpcio and protobuf (tools/requirements.txt). The
stubs in gen/ are made by `make gen`.
"""
import argparse, os, pathlib, sys, time

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).parent / "gen"))
from ponder.planner.v1 import planner_pb2 as pb, planner_pb2_grpc as rpc, search_pb2, spec_pb2  # noqa: E402


def watch(planner, search):
    """Follows a search to its end. If the stream breaks, it resumes after the last event."""
    after = 0
    while True:
        try:
            for response in planner.WatchSearch(pb.WatchSearchRequest(search_id=search, after_sequence=after)):
                event = response.event
                after = event.sequence
                for node in event.nodes:
                    if node.state == search_pb2.NODE_STATE_FINISHED:
                        print(f"{node.value:.2f}", "".join(s.text for s in node.steps).replace("\n", " | "), file=sys.stderr)
                if event.HasField("outcome"):
                    print(event.outcome.answer)
                    return
        except grpc.RpcError as e:
            if e.code() != grpc.StatusCode.UNAVAILABLE:
                raise
            time.sleep(1)


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("command", choices=["solve", "watch", "cancel"])
    args.add_argument("argument", help="a problem, or a search's id")
    args = args.parse_args()
    with grpc.insecure_channel(os.environ.get("PONDER_ADDR", "127.0.0.1:7700")) as channel:
        planner = rpc.PlannerServiceStub(channel)
        if args.command == "cancel":
            planner.CancelSearch(pb.CancelSearchRequest(search_id=args.argument))
            return
        search = args.argument
        if args.command == "solve":
            spec = spec_pb2.SearchSpec(problem=args.argument, effort="EFFORT_HIGH")
            search = planner.CreateSearch(pb.CreateSearchRequest(spec=spec)).search.search_id
            print("search", search, file=sys.stderr)
        watch(planner, search)


if __name__ == "__main__":
    main()
