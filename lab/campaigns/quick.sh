#!/usr/bin/env bash
# Measures a small part of the evidence in a minute: calibrates, plans by the profile, and reports.
#
# usage: quick.sh [DIR]    (default out/quick, which is removed first)
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:-out/quick}
rm -rf "$dir"
mkdir -p "$dir" bin
"${GO:-go}" build -o bin/ponder ./cmd/ponder

set=(--split validation --problems 30 --steps 2..4)
bin/ponder calibrate --out "$dir" "${set[@]}" --arms majority,best-of-n,beam --budgets 1,4,16 --oracle 16 --latency 2
bin/ponder bench run --out "$dir/planned.jsonl" --store "$dir/samples.store" "${set[@]}" --arms planned --n 4,16 --profile "$dir/profile.json"
bin/ponder bench report "$dir/results.jsonl" "$dir/planned.jsonl" --out "$dir/report"
