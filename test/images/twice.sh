#!/usr/bin/env bash
# Builds the images twice and compares their digests: here, and from a copy of the commit in another directory, without its
# repository and with an empty build cache. Takes minutes.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ -z "$(git status --porcelain --untracked-files=no)" ] || { echo "images-twice builds the commit: commit your changes first" >&2; exit 1; }
out=$(mktemp -d)
trap 'chmod -R u+w "$out"; rm -rf "$out"' EXIT
images() { (cd "$1/deploy/images" && GOWORK=off go run . build -root "$1" "${@:2}"); }
images "$PWD" -out "$PWD/out/images" >"$out/here"
git archive --prefix=copy/ HEAD | tar -x -C "$out"
export SOURCE_DATE_EPOCH GOCACHE=$out/cache
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
images "$out/copy" -out "$out/images" -version "$(git describe --tags --always --match 'v[0-9]*')" -revision "$(git rev-parse HEAD)" >"$out/there"
cat "$out/here"
diff "$out/here" "$out/there" || { echo "two builds differ" >&2; exit 1; }
echo "two builds, in two directories and with two caches: the same digests"
