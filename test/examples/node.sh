#!/usr/bin/env bash
# Installs what examples/node/package-lock.json names, unless it is there.
set -euo pipefail
cd "$(dirname "$0")/../../examples/node"
command -v npm >/dev/null || { echo "node.sh: npm is missing (Debian: apt-get install nodejs npm)" >&2; exit 1; }
stamp=node_modules/.ponder-stamp
if ! cmp -s package-lock.json $stamp; then
  npm ci --silent
  cp package-lock.json $stamp
fi
