#!/usr/bin/env bash
# Fails if the contract is not what every image in proto/images promised, and if it would not notice: it renames a field
# in a copy of the contract and wants that refused. An image is never replaced; a later one adds to it.
#
#   breaking.sh          checks the contract
#   breaking.sh NAME     freezes the contract as it is now in proto/images/NAME.binpb
set -euo pipefail
cd "$(dirname "$0")/../.."
buf=bin/buf
if [ $# = 1 ]; then
  [ ! -e "proto/images/$1.binpb" ] || { echo "proto/images/$1.binpb is there: an image is never replaced" >&2; exit 1; }
  mkdir -p proto/images
  exec $buf build proto --exclude-source-info -o "proto/images/$1.binpb"
fi
shopt -s nullglob
images=(proto/images/*.binpb)
[ ${#images[@]} -gt 0 ] || { echo "there is no image in proto/images" >&2; exit 1; }
copy=$(mktemp -d)
trap 'rm -rf "$copy"' EXIT
cp -r proto/ponder "$copy/"
check() { # compares the copy with each image
  for image in "${images[@]}"; do
    $buf breaking "$copy" --against "$image" --config '{"version":"v2","breaking":{"use":["FILE","WIRE_JSON"]}}' || return 1
  done
}
check || { echo "the contract breaks $image: add to it, and leave what is there" >&2; exit 1; }
sed -i 's/string problem = 1;/string question = 1;/' "$copy/ponder/planner/v1/spec.proto"
if refused=$(check 2>&1); then
  echo "a field was renamed in a copy of the contract, and nothing was refused" >&2
  exit 1
fi
grep -q '"problem" to "question"' <<<"$refused" || { echo "a renamed field was refused for another reason: $refused" >&2; exit 1; }
echo "the contract keeps the promises of ${images[*]}, and a renamed field is refused"
