#!/usr/bin/env bash
# Measures the shipped models and copies the figures into their cards, pocket/models/*.md. DIR stores the samples of the reviser and the
# thinker.
#
# usage: cards.sh [DIR]    (default out/cards)
set -euo pipefail
cd "$(dirname "$0")/../.."
dir=${1:-out/cards}
go=${GO:-go}
mkdir -p "$dir"
cards() { "$go" run ./lab/cmd/cards "$@"; }

cards policies --out docs/evidence/pocket-models.json
cards policies --reward-model pocket-prm-biased --policies pocket-0.3m --out docs/evidence/pocket-prm-biased.json
cards policies --reward-model pocket-prm-0.3m --policies pocket-0.3m --out docs/evidence/pocket-prm-0-3m.json
cards reviser --out docs/evidence/pocket-reviser.json --store "$dir/reviser"
cards thinker --out docs/evidence/pocket-thinker.json --store "$dir/thinker"
cards fill
