#!/usr/bin/env bash
# Calibrates a real 0.5B model with the pocket PRM, plans by the profile, and measures the model on GSM8K. Run `fetch.sh all`
# first. The commands are those for any model. Results that are already in DIR are not measured again.
#
# usage: calibrate.sh DIR GSM8K.jsonl
set -euo pipefail
cd "$(dirname "$0")/../.."
out=$1 gsm8k=$2
cache=${PONDER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ponder}
name=qwen2.5-coder-0.5b-instruct-q4_k_m
mkdir -p "$out" bin
go build -o bin/ponder ./cmd/ponder

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
"$cache/llama-server" -m "$cache/$name.gguf" -a $name --host 127.0.0.1 --port "$port" -np 8 -c 8192 -t 2 -tb 2 --no-ui > "$out/server.log" 2>&1 &
server=$!
trap 'kill $server 2> /dev/null; wait $server 2> /dev/null || true' EXIT
for _ in $(seq 120); do
	curl -sf "http://127.0.0.1:$port/health" > /dev/null && break
	sleep 1
done

model=(--policy-url "http://127.0.0.1:$port/v1" --policy-model $name --policy-dialect llamacpp --policy-parameters 494032768 --policy-slots 8 --concurrent 3)
set=(--steps 1..4 --problems 100 --max-tokens 96 --policy-template pocket-fewshot-v2 --verifier-pocket pocket-prm)
for half in 1 2; do
	bin/ponder calibrate --out "$out/half$half" --half $half --store "$out/pocket.store" "${model[@]}" "${set[@]}" \
		--arms majority,best-of-n,beam --budgets 1,4,16 --bins quantiles-3 --oracle 0 --latency 0
done
for half in 1 2; do
	bin/ponder bench run --out "$out/planned-$half.jsonl" --half $half --store "$out/pocket.store" "${model[@]}" "${set[@]}" \
		--arms planned --n 1,4,16 --profile "$out/half$((3 - half))/profile.json"
done
bin/ponder bench run --out "$out/gsm8k.jsonl" --store "$out/gsm8k.store" "${model[@]}" --set "$gsm8k" --format gsm8k --problems 100 \
	--policy-template gsm8k-fewshot --max-tokens 256 --temperature 0.7 --arms greedy,majority,majority:choice=certainty-vote --n 4
bin/ponder bench report "$out"/planned-*.jsonl "$out"/half*/results.jsonl "$out/gsm8k.jsonl" --out "$out/report" > "$out/report.txt"
