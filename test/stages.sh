#!/usr/bin/env bash
# Runs targets of the Makefile one after another, names each and how long it took, and stops at the first that fails.
#
# usage: stages.sh TARGET…
set -uo pipefail
took=()
for stage in "$@"; do
	echo "=== $stage"
	start=$SECONDS
	"${MAKE:-make}" --no-print-directory "$stage"
	status=$?
	took+=("$(printf '%-16s %4d s' "$stage" $((SECONDS - start)))")
	if [ $status -ne 0 ]; then
		took[-1]+="  FAILED"
		break
	fi
done
echo "=== stages"
printf '%s\n' "${took[@]}"
exit $status
