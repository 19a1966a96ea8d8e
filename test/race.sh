#!/usr/bin/env bash
# Tests packages with the race detector. On a loaded machine the detector itself sometimes dies of a check of its own (LLVM's tsan_rtl.cpp,
# where a process has some hundred goroutines), which says nothing of what it watches. Then, and only then, those packages are tested again, once.
set -uo pipefail
log=$(mktemp)
trap 'rm -f "$log"' EXIT
"${GO:-go}" test -race "$@" 2>&1 | tee "$log" && exit 0
grep -q '^ThreadSanitizer: CHECK failed' "$log" || exit 1
grep -qE '^ *--- FAIL|^WARNING: DATA RACE|^panic:' "$log" && exit 1
mapfile -t again < <(sed -nE 's/^FAIL\t([^ \t]+)\t.*/\1/p' "$log")
echo "the race detector broke down: once more ${again[*]}"
"${GO:-go}" test -race "${again[@]}"
