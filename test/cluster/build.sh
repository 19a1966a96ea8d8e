#!/usr/bin/env bash
# Builds etcd, kube-apiserver and helm from Go modules into $CLUSTER/bin, kubectl too unless there is one, and copies
# custom resource definitions into $CLUSTER/crds. What was built from the same go.sum is kept.
set -euo pipefail
cd "$(dirname "$0")/../.."
root=$PWD
mkdir -p "${CLUSTER:=.cluster}/bin"
CLUSTER=$(realpath "$CLUSTER")
export CGO_ENABLED=0 GOWORK=off GOFLAGS="-mod=readonly -buildvcs=false -trimpath"
sum=$(cat test/cluster/{go.sum,crds.txt,build.sh} deploy/render/go.sum | sha256sum)
[ "$(cat "$CLUSTER/built" 2>/dev/null)" != "$sum" ] || exit 0
version=$(cd test/cluster && go list -m -f '{{.Version}}' k8s.io/kubernetes)
minor=$(cut -d. -f2 <<<"$version")
# Kubernetes' version, which the server states and Helm assumes where it asks no server.
flags="-s -w -X k8s.io/component-base/version.gitVersion=$version"
for package in chartutil lint/rules; do
  flags+=" -X helm.sh/helm/v3/pkg/$package.k8sVersionMajor=1 -X helm.sh/helm/v3/pkg/$package.k8sVersionMinor=$minor"
done
build() { # MODULE PROGRAM PACKAGE
  echo "building $2"
  (cd "$root/$1" && go build -ldflags="$flags" -o "$CLUSTER/bin/$2" "$3")
}
build test/cluster etcd go.etcd.io/etcd/server/v3
build test/cluster kube-apiserver k8s.io/kubernetes/cmd/kube-apiserver
type -p kubectl >/dev/null || build test/cluster kubectl k8s.io/kubernetes/cmd/kubectl
build deploy/render helm helm.sh/helm/v3/cmd/helm
rm -rf "$CLUSTER/crds"
mkdir "$CLUSTER/crds"
while read -r module tag want files; do
  [ "$module" != "#" ] || continue
  out=$(cd "$CLUSTER" && GOFLAGS=-mod=mod go mod download -json "$module@$tag")
  [ "$(jq -r .Sum <<<"$out")" = "$want" ] || { echo "$module@$tag: the sum is not $want" >&2; exit 1; }
  # The pattern of files is expanded here.
  (cd "$(jq -r .Dir <<<"$out")" && cp $files "$CLUSTER/crds/")
done <test/cluster/crds.txt
chmod -R u+w "$CLUSTER/crds"
echo "$sum" >"$CLUSTER/built"
