#!/usr/bin/env bash
# Runs the measurements of main.go. Run `fetch.sh all` first. Results that are already in the cache are not measured again.
set -euo pipefail
cd "$(dirname "$0")/../.."
go vet -tags real ./test/real
exec nice -n 10 go run -tags real ./test/real "$@"
