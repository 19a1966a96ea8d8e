#!/usr/bin/env bash
# Solves a problem on a real mesh (ponder dev, shipped models) with each kind of client: grpcurl by reflection, Python, Go.
set -euo pipefail
cd "$(dirname "$0")/../.."
. test/lib.sh
export PATH="$PWD/bin:$PATH"
out=$(mktemp -d)
go build -o bin/ponder ./cmd/ponder
read -r planner policy verifier difficulty metrics < <(free_ports 5)
bin/ponder dev --planner-addr 127.0.0.1:$planner --policy-addr 127.0.0.1:$policy --verifier-addr 127.0.0.1:$verifier \
  --difficulty-addr 127.0.0.1:$difficulty --metrics-addr 127.0.0.1:$metrics >"$out/dev" 2>&1 &
dev=$!
trap 'kill $dev 2>/dev/null; wait $dev 2>/dev/null || true; rm -rf "$out"' EXIT
wait_for 60 bin/ponder doctor --planner-addr 127.0.0.1:$planner --policy-addr 127.0.0.1:$policy --verifier-addr 127.0.0.1:$verifier \
  --difficulty-addr 127.0.0.1:$difficulty || { cat "$out/dev" >&2; exit 1; }

problem="Tom has 12 apples. Tom finds 7 more. How many apples does Tom have now?"
passed=0
check() { # NAME ANSWER
  if [ "$2" = 19 ]; then echo "ok   $1"; passed=$((passed + 1)); else echo "FAIL $1: answered '$2', want 19" >&2; fi
}

grpcurl -plaintext -d "{\"problem\":\"$problem\",\"effort\":\"EFFORT_HIGH\"}" 127.0.0.1:$planner ponder.planner.v1.PlannerService/Solve >"$out/grpcurl"
check grpcurl "$(sed -n 's/^      "answer": "\(.*\)",$/\1/p' "$out/grpcurl" | tail -n 1)"
check python "$(.venv/bin/python examples/python/solve.py --addr 127.0.0.1:$planner --effort high "$problem" 2>"$out/python" || cat "$out/python")"
check go "$( (cd examples/go && go run . -addr 127.0.0.1:$planner "$problem") 2>"$out/go" || cat "$out/go")"
check ponder "$(bin/ponder solve --planner-addr 127.0.0.1:$planner --effort high "$problem" 2>"$out/ponder" || cat "$out/ponder")"
curl -sf "http://127.0.0.1:$metrics/metrics" >"$out/metrics" || true
if grep -q '^ponder_depth_duration_seconds_count{' "$out/metrics"; then
  echo "ok   metrics by depth"
  passed=$((passed + 1))
else
  echo "FAIL metrics by depth: /metrics has no ponder_depth_duration_seconds" >&2
fi
echo "$passed passed, $((5 - passed)) failed"
[ "$passed" = 5 ]
