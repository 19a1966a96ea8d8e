#!/usr/bin/env bash
# Pushes the layouts that `make images` wrote, and prints the digest of each as a JSON object by name. The registry's
# credentials are those of Docker's configuration (go tool crane auth login).
#
# usage: push.sh REPOSITORY TAG     pushes to REPOSITORY/NAME:TAG
set -euo pipefail
repository=$1 tag=$2
cd "$(dirname "$0")"
separator="{"
for layout in ../../out/images/*; do
  name=$(basename "$layout")
  reference=$(GOWORK=off go tool crane push "$layout" "$repository/$name:$tag")
  printf '%s"%s":"%s"' "$separator" "$name" "${reference#*@}"
  separator=,
done
echo "}"
