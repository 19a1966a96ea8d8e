#!/usr/bin/env bash
# Measures which strategy is best at which difficulty and budget: for the shipped policy and reward model; on halves of the problems, with
# searches planned by the profile of the other half; with a misleading reward model, with and without calibration; with a reward model no
# larger than the policy; and for the smallest policy, compared with greedy answers of larger ones. Writes the evidence of
# docs/calibration.md and the shipped profile. All calibrations of a policy share its samples. Takes about two hours on two cores; results
# that are already in DIR are not measured again.
#
# usage: calibration.sh [DIR]    (default out/calibration)
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:-out/calibration}
go=${GO:-go}
mkdir -p "$dir" bin
"$go" build -o bin/ponder ./cmd/ponder

small=(--store "$dir/pocket-0.3m.store")
arms=(--arms majority,best-of-n,beam,dvts,rebase,particles)
bin/ponder calibrate --out "$dir/prm" "${small[@]}" "${arms[@]}"
for half in 1 2; do
	bin/ponder calibrate --out "$dir/half$half" --half $half "${small[@]}" "${arms[@]}"
done
for half in 1 2; do
	bin/ponder bench run --out "$dir/planned-$half.jsonl" --half $half "${small[@]}" --arms planned --n 1,4,16,64,256 \
		--profile "$dir/half$((3 - half))/profile.json"
done
bin/ponder calibrate --out "$dir/biased" --verifier-pocket pocket-prm-biased "${small[@]}" "${arms[@]}" --budgets 1,4,16,64
bin/ponder bench run --out "$dir/biased-thumb.jsonl" --verifier-pocket pocket-prm-biased "${small[@]}" --arms planned --n 4,16,64
bin/ponder calibrate --out "$dir/own" --verifier-pocket pocket-prm-0.3m "${small[@]}" "${arms[@]}" --budgets 1,4,16,64
bin/ponder calibrate --out "$dir/tiny" --policy-pocket pocket-0.1m --store "$dir/pocket-0.1m.store" --problems 150 \
	--arms majority,best-of-n,beam,rebase
for size in 0.8m 2m; do
	bin/ponder bench run --out "$dir/greedy-$size.jsonl" --policy-pocket pocket-$size --verifier-pocket none --arms greedy
done
"$go" run ./lab/cmd/evidence calibration docs/evidence/calibration.json "$dir"
cp "$dir/prm/profile.json" profiles/pocket-0.3m.json
