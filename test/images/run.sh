#!/usr/bin/env bash
# Runs the five processes of a deployment from their images: each in its own root file system, read-only, as a user that is
# not root. Solves a problem through them, and checks how they stop. Needs root, for mounts.
set -euo pipefail
cd "$(dirname "$0")/../.."
. test/lib.sh
[ "$(id -u)" = 0 ] || { echo "images-up needs root: it mounts root file systems" >&2; exit 1; }
dir=$(mktemp -d)
chmod 755 "$dir" # others are let in, as user 65532
platform=linux/$(go env GOARCH)
images=(policy verifier difficulty planner ponder nats-server)
(cd deploy/images && GOWORK=off go build -o "$dir/images" . &&
  "$dir/images" build -platforms "$platform" -out "$dir/layouts" "${images[@]}")
for image in "${images[@]}"; do "$dir/images" unpack "$dir/layouts/$image" "$platform" "$dir/roots/$image"; done

declare -A pids
start() { # NAME IMAGE DATA ARGUMENT…
  local name=$1 image=$2 data=$3
  shift 3
  if [ "$data" != - ]; then
    data=$dir/data/$data
    mkdir -p "$data"
    chown 65532:65532 "$data"
  fi
  test/images/rootfs.sh "$dir/roots/$image" "$data" "/usr/local/bin/$image" "$@" >"$dir/$name.log" 2>&1 &
  pids[$name]=$!
}
stop() {
  local status=$?
  kill "${pids[@]}" 2>/dev/null || true
  kill -CONT "${pids[@]}" 2>/dev/null || true # one may be stopped
  wait
  [ $status = 0 ] || tail -n 20 "$dir"/*.log >&2
  rm -rf "$dir"
  exit $status
}
trap stop EXIT
fail() {
  echo "$*" >&2
  exit 1
}
ready() { [ "$(curl -s -o /dev/null -w '%{http_code}' "http://127.0.0.1:$1/readyz")" = 200 ]; }
# ended NAME waits until the process has ended, and fails if its exit status is not 0.
ended() {
  local status=0
  wait "${pids[$1]}" || status=$?
  unset "pids[$1]"
  [ $status = 0 ] || fail "$1 ended with status $status"
}

read -r nats monitor planner policy verifier difficulty m0 m1 m2 m3 < <(free_ports 10)
url=nats://127.0.0.1:$nats
start nats nats-server nats -a 127.0.0.1 -p "$nats" -m "$monitor" -js -sd /data
start policy policy - -nats-url "$url" -addr 127.0.0.1:$policy -metrics-addr 127.0.0.1:$m1
start verifier verifier - -addr 127.0.0.1:$verifier -metrics-addr 127.0.0.1:$m2
start difficulty difficulty - -nats-url "$url" -verifier-addr 127.0.0.1:$verifier -addr 127.0.0.1:$difficulty -metrics-addr 127.0.0.1:$m3
start planner planner planner -nats-url "$url" -verifier-addr 127.0.0.1:$verifier -difficulty-addr 127.0.0.1:$difficulty \
  -addr 127.0.0.1:$planner -metrics-addr 127.0.0.1:$m0 -memo /data/memo.jsonl -lame-duck 1s
wait_for 20 curl -sf "http://127.0.0.1:$monitor/healthz?js-enabled-only=true"
for port in $m0 $m1 $m2 $m3; do wait_for 60 ready "$port"; done
echo "five processes are ready, by /readyz"

# confined NAME IMAGE checks what the process is, which root it has and what it can write. Writes go through the
# process's own view of the files, as its user and as root: a root that is not read-only fails here.
confined() {
  local pid=${pids[$1]} root=$dir/roots/$2 view=/proc/${pids[$1]}/root status place
  status=$(cat "/proc/$pid/status")
  grep -qP '^Uid:\t65532\t65532\t65532\t65532$' <<<"$status" && grep -qP '^Gid:\t65532\t65532\t65532\t65532$' <<<"$status" &&
    grep -qP '^Groups:\t\s*$' <<<"$status" || fail "$1 runs as another user or group: $(grep -E '^(Uid|Gid|Groups)' <<<"$status")"
  grep -qP '^CapEff:\t0+$' <<<"$status" && grep -qP '^CapPrm:\t0+$' <<<"$status" && grep -qP '^NoNewPrivs:\t1$' <<<"$status" ||
    fail "$1 has capabilities, or may get them: $(grep -E '^(Cap|NoNew)' <<<"$status")"
  cmp -s "/proc/$pid/exe" "$root/usr/local/bin/$2" || fail "$1 does not run the binary of its image"
  [ "$(ls "$view")" = "$(printf '%s\n' data dev etc home proc root tmp usr)" ] || fail "$1 sees $(ls "$view")"
  for place in "" etc usr/local/bin home/nonroot dev; do
    if touch "$view/$place/written" 2>"$dir/touch"; then fail "root can write to /$place of $1"; fi
    grep -q 'Read-only file system' "$dir/touch" || fail "/$place of $1: $(cat "$dir/touch")"
    if setpriv --reuid 65532 --regid 65532 --clear-groups touch "$view/$place/written" 2>/dev/null; then fail "$1 can write to /$place"; fi
  done
  setpriv --reuid 65532 --regid 65532 --clear-groups touch "$view/tmp/written" || fail "$1 cannot write to /tmp" # what was refused above is possible
}
confined nats nats-server
for name in planner policy verifier difficulty; do confined $name $name; done
[ -s "$dir/data/planner/memo.jsonl" ] || fail "the planner has no memo at /data"
echo "each has its own root, read-only, user 65532 and no capabilities"

# Negative control: what needs to write to its root does not work.
memo="$dir/control.log"
if test/images/rootfs.sh "$dir/roots/planner" - /usr/local/bin/planner -nats-url "$url" -addr 127.0.0.1:0 -metrics-addr "" -memo /memo.jsonl >"$memo" 2>&1; then
  fail "a planner with its memo in the root file system started"
fi
grep -q 'read-only file system' "$memo" || fail "a planner with its memo in the root: $(cat "$memo")"

ponder() { test/images/rootfs.sh "$dir/roots/ponder" - /usr/local/bin/ponder "$@"; }
doctor() { ponder doctor --planner-addr 127.0.0.1:$planner --policy-addr 127.0.0.1:$policy --verifier-addr 127.0.0.1:$verifier --difficulty-addr 127.0.0.1:$difficulty; }
version=$(git describe --tags --always --dirty --match 'v[0-9]*')
[ "$(ponder version)" = "ponder $version" ] || fail "version is $(ponder version), want $version"
for name in planner policy verifier difficulty; do
  got=$(test/images/rootfs.sh "$dir/roots/$name" - "/usr/local/bin/$name" -version)
  [ "$got" = "$name $version" ] || fail "version is $got, want $name $version"
done
doctor
answer=$(ponder solve --planner-addr 127.0.0.1:$planner --effort high "Tom has 12 apples. Tom finds 7 more. How many apples does Tom have now?")
[ "$answer" = 19 ] || fail "answered '$answer', want 19"
echo "one solve through the images: $answer"

# An outage of NATS, which all pods share, takes no pod out of its Service: it is named, and the doctor fails.
page() { curl -s "http://127.0.0.1:$m0/readyz"; }
named() { grep -q '^missing queue on NATS' <<<"$(page)"; }
kill -STOP "${pids[nats]}"
wait_for 20 named
for port in $m0 $m1 $m2 $m3; do ready "$port" || fail "an outage of NATS made the service at $port unready"; done
if doctor >"$dir/doctor" 2>&1; then fail "the doctor found nothing while NATS was stopped"; fi
grep -q 'ready, but missing: queue on NATS' "$dir/doctor" || fail "the doctor found: $(cat "$dir/doctor")"
kill -CONT "${pids[nats]}"
wait_for 20 doctor
echo "NATS stopped: every pod stays ready, and names it"

# SIGTERM: unready at once, live, and a search that runs is finished.
searching() { grep -q '^ponder_searches_active.* 1$' <<<"$(curl -s "http://127.0.0.1:$m0/metrics")"; }
unready() { [ "$(curl -s "http://127.0.0.1:$m0/readyz")" = "not ready: the service is stopping" ]; }
kill -STOP "${pids[policy]}" # so that the search does not end before the planner drains
ponder solve --planner-addr 127.0.0.1:$planner --strategy beam --n 16 --m 4 \
  "Ann has 5 pens. Ann buys 4 more. How many pens does Ann have now?" >"$dir/answer" 2>"$dir/solve.log" &
pids[solve]=$!
wait_for 20 searching
kill "${pids[planner]}"
wait_for 5 unready
[ "$(curl -s "http://127.0.0.1:$m0/livez")" = live ] || fail "a planner that drains is not live"
searching || fail "a planner that drains has given up its search"
kill -CONT "${pids[policy]}"
ended solve
ended planner
echo "SIGTERM: unready, live, and the search that ran was finished: $(cat "$dir/answer")"
for name in difficulty verifier policy nats; do
  kill "${pids[$name]}"
  ended $name
done
echo "all processes ended with status 0"

# The mesh in one process, from the image of the command.
read -r planner policy verifier difficulty m0 < <(free_ports 5)
start dev ponder - dev --planner-addr 127.0.0.1:$planner --policy-addr 127.0.0.1:$policy --verifier-addr 127.0.0.1:$verifier \
  --difficulty-addr 127.0.0.1:$difficulty --metrics-addr 127.0.0.1:$m0
wait_for 60 ready "$m0"
confined dev ponder
answer=$(ponder solve --planner-addr 127.0.0.1:$planner --effort high "Tom has 12 apples. Tom finds 7 more. How many apples does Tom have now?" 2>/dev/null)
[ "$answer" = 19 ] || fail "ponder dev answered '$answer', want 19"
kill "${pids[dev]}"
ended dev
echo "ponder dev from its image: ready by /readyz, and solved the problem"
