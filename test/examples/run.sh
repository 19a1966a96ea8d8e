#!/usr/bin/env bash
# Solves, follows and cancels searches of a real mesh (ponder dev, shipped models) with each kind of client: grpcurl by
# reflection, Go, Python, Node, Java, and the ponder command. An example in examples/ has at most 60 lines.
set -euo pipefail
cd "$(dirname "$0")/../.."
. test/lib.sh
export PATH="$PWD/bin:$PATH"
out=$(mktemp -d)
go build -o bin/ponder ./cmd/ponder
go build -o bin/example-large ./test/examples/large
(cd examples/go && go build -o ../../bin/example-go .)
test/examples/node.sh
test/examples/java.sh
read -r planner policy verifier difficulty metrics large < <(free_ports 6)
export PONDER_ADDR=127.0.0.1:$planner
bin/ponder dev --planner-addr $PONDER_ADDR --policy-addr 127.0.0.1:$policy --verifier-addr 127.0.0.1:$verifier \
  --difficulty-addr 127.0.0.1:$difficulty --metrics-addr 127.0.0.1:$metrics >"$out/dev" 2>&1 &
pids=($!)
bin/example-large -addr 127.0.0.1:$large >"$out/large" 2>&1 &
pids+=($!)
trap 'kill "${pids[@]}" 2>/dev/null; wait "${pids[@]}" 2>/dev/null || true; rm -rf "$out"' EXIT
wait_for 60 bin/ponder doctor --planner-addr $PONDER_ADDR --policy-addr 127.0.0.1:$policy --verifier-addr 127.0.0.1:$verifier \
  --difficulty-addr 127.0.0.1:$difficulty || { cat "$out/dev" >&2; exit 1; }
wait_for 120 test -s "$out/large" # its search has ended

problem="Tom has 12 apples. Tom finds 7 more. How many apples does Tom have now?"
passed=0 failed=0
check() { # NAME GOT WANT
  if [ "$2" = "$3" ]; then echo "ok   $1"; passed=$((passed + 1)); else echo "FAIL $1: got '$2', want $3" >&2; failed=$((failed + 1)); fi
}
rpc() { grpcurl -plaintext -d "$2" $PONDER_ADDR "ponder.planner.v1.PlannerService/$1"; } # METHOD JSON
field() { sed -n "s/^ *\"$1\": \"\(.*\)\",\{0,1\}$/\1/p" | tail -n 1; }                 # NAME: its last value in JSON

client() { # NAME COMMAND…: solves, watches what it solved, cancels another search, and watches 4096 solutions of 8 kB
  local name=$1 answer id
  shift
  answer=$("$@" solve "$problem" 2>"$out/$name" || cat "$out/$name")
  check "$name solves" "$answer" 19
  id=$(sed -n 's/.*search *\([0-9A-Z]\{26\}\)$/\1/p' "$out/$name")
  check "$name watches" "$("$@" watch "$id" 2>>"$out/$name" || cat "$out/$name")" 19
  id=$(rpc CreateSearch "{\"spec\":{\"problem\":\"$problem ($name)\",\"strategy\":{\"best_of_n\":{\"n\":4096}}}}" | field searchId)
  "$@" cancel "$id" >/dev/null 2>>"$out/$name" || cat "$out/$name" >&2
  check "$name cancels" "$(rpc GetSearch "{\"search_id\":\"$id\"}" | field state)" SEARCH_STATE_CANCELLED
  check "$name watches 32 MB with its default limits" \
    "$(PONDER_ADDR=127.0.0.1:$large "$@" watch "$(cat "$out/large")" 2>"$out/$name" || tail -n 3 "$out/$name")" 19
}

check "grpcurl solves" "$(rpc Solve "{\"spec\":{\"problem\":\"$problem\",\"effort\":\"EFFORT_HIGH\"}}" | field answer)" 19
client ponder bin/ponder
client go bin/example-go
client python .venv/bin/python examples/python/client.py
client node node examples/node/client.js
client java java -cp 'examples/java/target/ponder-example-1.jar:examples/java/target/lib/*' example.Client
for f in examples/go/main.go examples/python/client.py examples/node/client.js examples/java/src/main/java/example/Client.java; do
  check "$f has at most 60 lines" $(($(wc -l <$f) <= 60)) 1
done
check "metrics by depth" "$(curl -sf "http://127.0.0.1:$metrics/metrics" | grep -c '^ponder_depth_duration_seconds_count{' | sed 's/[1-9][0-9]*/some/')" some
echo "$passed passed, $failed failed"
[ $failed = 0 ]
