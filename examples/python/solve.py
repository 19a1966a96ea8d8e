"""Solves a problem with Ponder and shows the search as it grows.

    python solve.py [--addr 127.0.0.1:7700] [--effort high] "Tom has 3 apples. Tom finds 4 more. How many apples does Tom have now?"

Needs grpcio and protobuf (tools/requirements.txt). The stubs in gen/ are made by `make gen`.
"""
import argparse, pathlib, sys

import grpc

sys.path.insert(0, str(pathlib.Path(__file__).parent / "gen"))
from ponder.planner.v1 import planner_pb2 as pb, planner_pb2_grpc as rpc  # noqa: E402


def main():
    args = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    args.add_argument("problem")
    args.add_argument("--addr", default="127.0.0.1:7700")
    args.add_argument("--effort", default="medium", choices=[e[7:].lower() for e in pb.Effort.keys()[1:]])
    args = args.parse_args()
    request = pb.SolveRequest(problem=args.problem, effort="EFFORT_" + args.effort.upper())
    with grpc.insecure_channel(args.addr) as channel:
        for response in rpc.PlannerServiceStub(channel).Solve(request, timeout=120):
            event = response.event
            for node in event.nodes:
                if node.state == pb.NODE_STATE_FINISHED:
                    print(f"{node.value:.2f}", "".join(s.text for s in node.steps).replace("\n", " | "), file=sys.stderr)
            if event.HasField("outcome"):
                outcome, bill = event.outcome, event.bill
                print(outcome.answer)
                print(f"{bill.policy.generated_tokens} tokens generated, {bill.verifier.verifier_tokens} judged", file=sys.stderr)
                return 0 if outcome.answer else 1


if __name__ == "__main__":
    try:
        sys.exit(main())
    except grpc.RpcError as e:
        sys.exit(f"{e.code().name}: {e.details()}")
