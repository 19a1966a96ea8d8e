#!/usr/bin/env bash
# Builds the images twice and compares their digests: here, and from a copy of the commit in another directory, without its
# repository and with an empty build cache. Pushes them to a registry on loopback, where they keep their digests. Takes minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
. test/lib.sh
[ -z "$(git status --porcelain --untracked-files=no)" ] || { echo "images-twice builds the commit: commit your changes first" >&2; exit 1; }
out=$(mktemp -d)
trap 'kill "${registry:-}" 2>/dev/null; chmod -R u+w "$out"; rm -rf "$out"' EXIT
images() { (cd "$1/deploy/images" && GOWORK=off go run . build -root "$1" "${@:2}"); }
images "$PWD" -out "$PWD/out/images" >"$out/here"
git archive --prefix=copy/ HEAD | tar -x -C "$out"
export SOURCE_DATE_EPOCH GOCACHE=$out/cache
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
images "$out/copy" -out "$out/images" -version "$(git describe --tags --always --match 'v[0-9]*')" -revision "$(git rev-parse HEAD)" >"$out/there"
cat "$out/here"
diff "$out/here" "$out/there" || { echo "two builds differ" >&2; exit 1; }
echo "two builds, in two directories and with two caches: the same digests"

port=$(free_ports 1)
(cd deploy/images && GOWORK=off go build -o "$out/crane" github.com/google/go-containerregistry/cmd/crane)
"$out/crane" registry serve --address "127.0.0.1:$port" --disk "$(mktemp -d -p "$out")" 2>"$out/registry" &
registry=$!
wait_for 20 curl -sf "http://127.0.0.1:$port/v2/"
deploy/images/push.sh "127.0.0.1:$port/ponder" test >"$out/pushed" 2>"$out/push"
while read -r name digest _; do
  grep -q "\"$name\":\"$digest\"" "$out/pushed" || { echo "$name was pushed with another digest: $(cat "$out/pushed")" >&2; exit 1; }
  "$out/crane" validate --remote "127.0.0.1:$port/ponder/$name@$digest"
done <"$out/here"
echo "pushed to a registry: the same digests"
