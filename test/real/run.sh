#!/usr/bin/env bash
# Measures what main.go says, after `fetch.sh all`. What was measured before is kept in the cache and not asked for again.
set -euo pipefail
cd "$(dirname "$0")/../.."
go vet -tags real ./test/real
exec nice -n 10 go run -tags real ./test/real "$@"
