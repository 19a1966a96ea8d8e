#!/usr/bin/env bash
# Runs the five processes of a deployment: nats-server, policy, verifier, difficulty, planner. Solves a problem, joins the
# spans of the four services, adds and deletes a profile, kills the planner in the middle of a search that continues when it
# starts again, solves a problem without the verifier, and checks that all processes stop.
set -euo pipefail
cd "$(dirname "$0")/../.."
. test/lib.sh
out=$(mktemp -d)
mkdir -p bin
go build -o bin/ ./cmd/ponder ./services/policy/cmd/policy ./services/verifier/cmd/verifier ./services/difficulty/cmd/difficulty ./services/planner/cmd/planner
(cd tools && GOWORK=off go build -o ../bin/ github.com/nats-io/nats-server/v2)
read -r nats planner policy verifier difficulty m0 m1 m2 m3 planner2 policy2 m4 m5 < <(free_ports 13)
pids=()
start() { # NAME COMMAND…
  local name=$1
  shift
  "$@" >"$out/$name" 2>&1 &
  pids+=($!)
}
stop() {
  local status=$?
  for ((i = ${#pids[@]} - 1; i >= 0; i--)); do kill "${pids[i]}" 2>/dev/null || true; done
  for pid in "${pids[@]}"; do wait "$pid" 2>/dev/null || true; done
  [ $status = 0 ] || tail -n 20 "$out"/* 2>/dev/null >&2
  rm -rf "$out"
  exit $status
}
trap stop EXIT
start nats bin/nats-server -a 127.0.0.1 -p "$nats" -js -sd "$out/js"
url=nats://127.0.0.1:$nats
traces=$out/traces # wait_for has a variable out of its own
mkdir "$traces"
export OTEL_BSP_SCHEDULE_DELAY=100 # milliseconds, until spans are in the files
start policy bin/policy --nats-url "$url" --addr 127.0.0.1:$policy --metrics-addr 127.0.0.1:$m1 --trace-file "$traces/policy.jsonl"
start verifier bin/verifier --addr 127.0.0.1:$verifier --metrics-addr 127.0.0.1:$m2 --trace-file "$traces/verifier.jsonl"
start difficulty bin/difficulty --nats-url "$url" --verifier-addr 127.0.0.1:$verifier --addr 127.0.0.1:$difficulty --metrics-addr 127.0.0.1:$m3 \
  --trace-file "$traces/difficulty.jsonl"
start planner bin/planner --nats-url "$url" --journal --verifier-addr 127.0.0.1:$verifier --difficulty-addr 127.0.0.1:$difficulty \
  --addr 127.0.0.1:$planner --metrics-addr 127.0.0.1:$m0 --trace-file "$traces/planner.jsonl"
wait_for 60 bin/ponder doctor --planner-addr 127.0.0.1:$planner --policy-addr 127.0.0.1:$policy --verifier-addr 127.0.0.1:$verifier --difficulty-addr 127.0.0.1:$difficulty
bin/ponder doctor --planner-addr 127.0.0.1:$planner --policy-addr 127.0.0.1:$policy --verifier-addr 127.0.0.1:$verifier --difficulty-addr 127.0.0.1:$difficulty
answer=$(bin/ponder solve --planner-addr 127.0.0.1:$planner --effort high "Tom has 12 apples. Tom finds 7 more. How many apples does Tom have now?")
[ "$answer" = 19 ] || { echo "answered '$answer', want 19" >&2; exit 1; }
echo "five processes, one solve: $answer"

# joined reports whether the files of the four services have a whole search, with a straggler on its critical path.
joined() {
  local text
  text=$(bin/ponder trace "$traces") && grep -q '^1 search in 4 files' <<<"$text" && grep -q '^straggler: child' <<<"$text" &&
    ! grep -q 'missing\|in none of the files' <<<"$text"
}
wait_for 20 joined || { bin/ponder trace "$traces" >&2; exit 1; }
bin/ponder trace --json "$traces" | python3 -c '
import json, sys
trace, now = json.load(sys.stdin), 0
for segment in trace["critical_path"]["segments"]:
    assert segment["start_ns"] == now and segment["duration_ns"] > 0, segment
    now += segment["duration_ns"]
took = trace["timeline"]["search"]["duration_ns"]
assert now == took == sum(p["duration_ns"] for p in trace["critical_path"]["phases"]), (now, took)
' || { echo "the critical path is not a partition of the search" >&2; exit 1; }
bin/ponder trace "$traces" | sed -n '/^critical path/,/^straggler/p'

# planned TEXT reports whether the plan contains TEXT. It reads the plan before it searches: in a pipe, grep -q would exit
# early and break the writer.
planned() {
  local plan
  plan=$(bin/ponder plan --planner-addr 127.0.0.1:$planner --samples 64 "Tom has 12 apples. Tom finds 7 more. How many apples does Tom have now?") &&
    grep -q "$1" <<<"$plan"
}
planned 'rule of thumb' || { echo "planned by a profile that does not exist" >&2; exit 1; }
key=$(bin/ponder profile put --nats-url "$url" profiles/pocket-0.3m.json)
wait_for 20 planned 'pocket-0.3m with pocket-prm, budget 64'
bin/ponder profile delete --nats-url "$url" "$key"
wait_for 20 planned 'rule of thumb'
echo "a profile was put and used, and was not used after its deletion: $key"

# A second model on the same NATS, with a planner and a worker of its own, in a queue that has several partitions now.
bin/ponder queue set --nats-url "$url" --partitions 8 >/dev/null
start policy2 bin/policy --nats-url "$url" --name second --policy-pocket pocket-0.1m --addr 127.0.0.1:$policy2 --metrics-addr 127.0.0.1:$m4
start planner2 bin/planner --nats-url "$url" --model pocket-0.1m --verifier-addr 127.0.0.1:$verifier --difficulty-addr "" \
  --addr 127.0.0.1:$planner2 --metrics-addr 127.0.0.1:$m5
wait_for 60 bin/ponder doctor --planner-addr 127.0.0.1:$planner2 --policy-addr 127.0.0.1:$policy2 --verifier-addr 127.0.0.1:$verifier --difficulty-addr 127.0.0.1:$difficulty
for addr in $planner $planner2; do
  answer=$(bin/ponder solve --planner-addr 127.0.0.1:$addr --strategy majority --n 4 "Tom has 2 apples. Tom finds 3 more. How many apples does Tom have now?" 2>/dev/null)
  [ -n "$answer" ] || { echo "no answer by the planner at $addr, of two models on one NATS" >&2; exit 1; }
done
queue=$(bin/ponder queue --nats-url "$url")
[ "$(grep -c '1 workers' <<<"$queue")" = 2 ] && grep -q 'second .*ready' <<<"$queue" || { echo "two models' queues: $queue" >&2; exit 1; }
! grep -q 'WARN.*pull' "$out/policy2" || { echo "a worker that waited for its queue warned:" >&2; exit 1; }
echo "two models on one NATS: each served by its own planner and worker"

# The client attaches again by itself. The search takes some seconds; it must not have ended when the planner is killed.
bin/ponder solve --json --planner-addr 127.0.0.1:$planner --strategy best-of-n --n 4096 --timeout 300s \
  "Tom has 12 apples. Tom finds 7 more. How many apples does Tom have now?" >"$out/survivor" 2>&1 &
survivor=$!
wait_for 60 grep -q '"nodes"' "$out/survivor"
kill -9 "${pids[4]}" # the planner
wait "${pids[4]}" 2>/dev/null || true
! grep -q '"outcome"' "$out/survivor" || { echo "the search ended before the planner was killed" >&2; exit 1; }
start planner-again bin/planner --nats-url "$url" --journal --verifier-addr 127.0.0.1:$verifier --difficulty-addr 127.0.0.1:$difficulty \
  --addr 127.0.0.1:$planner --metrics-addr 127.0.0.1:$m0
wait "$survivor" || { echo "the search did not survive its planner" >&2; exit 1; }
grep -q '"answer":"19"' "$out/survivor" && grep -q 'search resumed' "$out/planner-again" && ! grep -q diverged "$out/planner-again" ||
  { echo "the search that was resumed:" >&2; exit 1; }
echo "the planner was killed in the middle of a search, and the search continued"

kill "${pids[2]}" # the verifier
wait "${pids[2]}" || true
answer=$(bin/ponder solve --planner-addr 127.0.0.1:$planner --effort high "Ann has 5 pens. Ann buys 4 more. How many pens does Ann have now?" 2>"$out/without")
[ -n "$answer" ] && grep -q 'searched without a verifier' "$out/without" || { echo "without a verifier: answered '$answer' without the notice" >&2; exit 1; }
echo "without the verifier, and flagged as such: $answer"
