#!/usr/bin/env bash
# Tests packages with the race detector. On a loaded machine the detector itself sometimes crashes in an internal check
# (LLVM's tsan_rtl.cpp, in processes with some hundred goroutines). Only then are the packages concerned tested once more.
set -uo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${GO:-go}" test -race "$@" 2>&1 | tee "$log" && exit 0
grep -q '^ThreadSanitizer: CHECK failed' "$log" || exit 1
grep -qE '^ *--- FAIL|^WARNING: DATA RACE|^panic:' "$log" && exit 1
mapfile -t again < <(sed -nE 's/^FAIL\t([^ \t]+)\t.*/\1/p' "$log")
echo "the race detector crashed: testing again ${again[*]}"
"${GO:-go}" test -race "${again[@]}"
