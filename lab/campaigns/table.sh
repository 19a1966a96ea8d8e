#!/usr/bin/env bash
# Measures every strategy with N samples on held-out problems, and three controls: greedy answers of the reward model's trunk, the trunk's
# likelihood as the reward model, and revisions by the policy that was trained to revise. Writes the evidence and the plots of
# docs/strategies.md. Takes about two hours on two cores; results that are already in DIR are not measured again.
#
# usage: table.sh [DIR]    (default out/table)
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:-out/table}
go=${GO:-go}
mkdir -p "$dir" bin
"$go" build -o bin/ponder ./cmd/ponder

set=(--split test --problems 300 --steps 2..6)
strategies=(--out "$dir/strategies.jsonl" --store "$dir/strategies.store")
arms=greedy,majority,majority:wave=8:confidence=0.95,best-of-n,beam,beam:narrow=true,lookahead,dvts,rebase,rebase:exact=true
arms+=,mcts,mcts:puct=true,mcts:width=16,particles
ns=1,4,16,64,256
bin/ponder bench run "${strategies[@]}" "${set[@]}" --arms $arms --n $ns
bin/ponder bench run "${strategies[@]}" "${set[@]}" --arms particles:iterations=4 --n 4,16,64,256 # N must be a multiple of iterations
bin/ponder bench run --out "$dir/trunk.jsonl" "${set[@]}" --policy-pocket pocket-0.8m --verifier-pocket none --arms greedy
bin/ponder bench run --out "$dir/likelihood.jsonl" "${set[@]}" --verifier-pocket pocket-0.8m-likelihood --arms best-of-n,beam --n 16,64
bin/ponder bench run --out "$dir/reviser.jsonl" "${set[@]}" --policy-pocket pocket-reviser --arms greedy,majority,best-of-n,revisions --n $ns
"$go" run ./lab/cmd/evidence table docs/evidence/strategies.json docs/plots "$dir"/{strategies,trunk,likelihood,reviser}.jsonl
