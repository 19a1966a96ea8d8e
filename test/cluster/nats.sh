#!/usr/bin/env bash
# Runs the three NATS servers of the overlay gpu, by the configuration that it gives them, with a planner and a worker, and
# ends the server that leads the queue: in lame duck mode, as a pod's preStop does, and by SIGKILL during a search. Searches
# must be solved each time; with one copy of the queue they must fail, and work again when the server is back.
set -euo pipefail
cd "$(dirname "$0")/../.."
. test/lib.sh
run=$(mktemp -d)
start=$SECONDS
declare -A pids
stop() {
  local status=$?
  [ $status = 0 ] || tail -n 5 "$run"/*.log >&2
  kill -KILL "${pids[@]}" 2>/dev/null || true
  wait 2>/dev/null || true
  rm -rf "$run"
  exit $status
}
trap stop EXIT
go build -o "$run/" ./cmd/ponder ./services/policy/cmd/policy ./services/planner/cmd/planner
(cd tools && GOWORK=off go build -o "$run/" github.com/nats-io/nats-server/v2)
(cd deploy/render && GOWORK=off go run . chart ../k8s/overlays/gpu/values.yaml) >"$run/chart.yaml"
# The ConfigMap is the one object with nats.conf, as a block of text with four spaces of indentation.
sed -n '/^  nats.conf: |/,/^kind:/p' "$run/chart.yaml" | sed '1d;$d;s/^    //' >"$run/nats.conf"
read -r -a client < <(free_ports 12)
monitor=("${client[@]:3:3}") cluster=("${client[@]:6:3}")
read -r policy policy_http planner planner_http <<<"${client[*]:9:3} $(free_ports 1)"

# serve N starts server N, with ports, directories and names of servers that fit one machine.
serve() {
  local edit="s#0.0.0.0:4222#127.0.0.1:${client[$1]}#; s#0.0.0.0:8222#127.0.0.1:${monitor[$1]}#; s#0.0.0.0:6222#127.0.0.1:${cluster[$1]}#"
  edit+="; s#/run/nats#$run/run$1#; s#/data#$run/data$1#"
  for i in 0 1 2; do edit+="; s#ponder-nats-$i.ponder-nats-servers:6222#127.0.0.1:${cluster[$i]}#"; done
  mkdir -p "$run/run$1"
  sed "$edit" "$run/nats.conf" >"$run/nats-$1.conf"
  POD_NAME=ponder-nats-$1 "$run/nats-server" --config="$run/nats-$1.conf" >>"$run/nats-$1.log" 2>&1 &
  pids[$1]=$!
}
healthy() { for i in 0 1 2; do curl -fs "http://127.0.0.1:${monitor[$i]}/healthz?js-enabled-only=true" >/dev/null || return 1; done; }
ready() { curl -fs "http://127.0.0.1:$planner_http/readyz" | grep -qx ready && ! curl -s "http://127.0.0.1:$planner_http/readyz" | grep -q missing; }
# leader prints the number of the server that leads the queue.
leader() {
  for i in 0 1 2; do
    curl -fs "http://127.0.0.1:${monitor[$i]}/jsz?streams=true" | jq -r '.account_details[]?.stream_detail[]? | select(.name == "EXP") | .cluster.leader'
  done 2>/dev/null | sed -n 's/^ponder-nats-//p' | head -n 1
}
problem=0
# solve N solves a problem that was not solved before, with N samples, within a minute.
solve() {
  problem=$((problem + 1))
  "$run/ponder" solve --planner-addr "127.0.0.1:$planner" --timeout 1m --strategy majority --n "$1" \
    "Tom has $problem apples. Tom finds 3 more. How many apples does Tom have now?" >"$run/answer" 2>"$run/solve.log" && [ -s "$run/answer" ]
}
# mesh COPIES starts the servers with empty stores, a planner that keeps so many copies of the queue, and a worker.
mesh() {
  local urls=nats://127.0.0.1:${client[0]},nats://127.0.0.1:${client[1]},nats://127.0.0.1:${client[2]}
  rm -rf "$run"/data?
  for i in 0 1 2; do serve $i; done
  wait_for 60 healthy
  "$run/planner" -queue-replicas="$1" -nats-url="$urls" -verifier-addr= -difficulty-addr= \
    -addr="127.0.0.1:$planner" -metrics-addr="127.0.0.1:$planner_http" >>"$run/planner.log" 2>&1 &
  pids[planner]=$!
  "$run/policy" -nats-url="$urls" -addr="127.0.0.1:$policy" -metrics-addr="127.0.0.1:$policy_http" >>"$run/policy.log" 2>&1 &
  pids[policy]=$!
  wait_for 60 ready
  wait_for 60 curl -fs "http://127.0.0.1:$policy_http/readyz"
  solve 4
}
# lose kills server N.
lose() {
  kill -KILL "${pids[$1]}"
  wait "${pids[$1]}" 2>/dev/null || true
}
# back starts server N again, and waits until nothing is missing.
back() {
  serve "$1"
  wait_for 60 healthy
  wait_for 60 ready
}
# quit ends all processes.
quit() {
  kill -KILL "${pids[@]}"
  wait 2>/dev/null || true
}
fail() {
  echo "$*" >&2
  exit 1
}

mesh 3
lost=$(leader)
"$run/nats-server" --signal="ldm=$run/run$lost/nats.pid"
wait "${pids[$lost]}" || true
solve 4 || fail "no answer after the server that led the queue ended in lame duck mode"
back "$lost"
lost=$(leader)
solve 512 &
search=$!
sleep 0.3
kill -0 $search || fail "the search ended before the server was killed"
lose "$lost"
wait $search || fail "no answer of the search during which the server that led the queue was killed"
problem=100
solve 4 || fail "no answer after the server that led the queue was killed"
back "$lost"
quit
echo "three copies: searches are solved when the server that leads the queue ends in lame duck mode, and when it is killed"

mesh 1
lost=$(leader)
lose "$lost"
! solve 4 || fail "with one copy, an answer without its server"
back "$lost"
solve 4 || fail "no answer after the server with the one copy is back"
quit
echo "one copy: searches fail without its server, and are solved when it is back; $((SECONDS - start)) s"
