#!/usr/bin/env bash
# Applies the overlay dev to a real kube-apiserver, and runs what it then has as processes: each container's program with
# its flags and variables, names of Services as hosts, in a network namespace of its own. Probes must succeed, a problem must
# be solved, and all must stop within their grace periods. Only the collector is missing, and NATS' directories are others.
set -euo pipefail
cd "$(dirname "$0")/../.."
. test/lib.sh
. test/cluster/apiserver.sh
CLUSTER=$(realpath -m "${CLUSTER:-.cluster}")
export CLUSTER PATH=$CLUSTER/bin:$PATH

# container COMPONENT FILTER prints what a jq filter selects of the container of a component.
container() { jq -r --arg c "$1" ".items[] | select(.spec.template? and .metadata.labels[\"app.kubernetes.io/component\"] == \$c) | .spec.template.spec.containers[0] | $2" "$run/objects"; }
# probed COMPONENT PROBE requests the page of a probe.
probed() { curl -fs "http://127.0.0.1:$(container "$1" ".$2.httpGet as \$h | \"\\(.ports[] | select(.name == \$h.port) | .containerPort)\\(\$h.path)\"")"; }

# start COMPONENT ARGUMENT… starts the program of a component with the variables of its container.
start() {
  local component=$1 variables=()
  shift
  mapfile -t variables < <(container "$component" '.env[]? | "\(.name)=\(.value // {"metadata.name": "ponder-'"$component"'-0", "metadata.namespace": "ponder"}[.valueFrom.fieldRef.fieldPath])"' |
    sed 's/\$(POD_NAME)/ponder-'"$component"'-0/; s/\$(POD_NAMESPACE)/ponder/')
  env "${variables[@]}" "$run/bin/$component" "$@" >"$run/$component.log" 2>&1 &
  pids[$component]=$!
}

# inside is what runs in the namespaces.
inside() {
  declare -A pids
  local component args seconds
  ip link set lo up
  { echo "127.0.0.1 localhost"; jq -r '.items[] | select(.kind == "Service") | "127.0.0.1 \(.metadata.name)"' "$run/objects"; } >"$run/hosts"
  mount --bind "$run/hosts" /etc/hosts
  trap 'for pid in "${pids[@]}"; do kill -KILL "$pid" 2>/dev/null || true; done' EXIT
  mkdir -p "$run/nats/run"
  jq -r '.items[] | select(.kind == "ConfigMap" and .metadata.name == "ponder-nats") | .data["nats.conf"]' "$run/objects" |
    sed "s#/run/nats#$run/nats/run#; s#/data#$run/nats/data#" >"$run/nats/nats.conf"
  start nats --config="$run/nats/nats.conf"
  for component in policy verifier difficulty planner; do
    mapfile -t args < <(container $component '.args[]')
    start $component "${args[@]}"
  done
  for component in nats policy verifier difficulty planner; do
    for probe in startupProbe livenessProbe readinessProbe; do wait_for 60 probed $component $probe >/dev/null; done
  done
  wait_for 60 bash -c "[ \"\$(curl -fs http://127.0.0.1:7790/readyz)\" = ready ]" # and nothing is missing
  echo "the probes of nats and four services succeed"
  [ "$("$run/bin/ponder" solve --effort high "Tom has 12 apples. Tom finds 7 more. How many apples does Tom have now?" 2>"$run/solve.log")" = 19 ] ||
    { echo "not solved" >&2; exit 1; }
  echo "a problem is solved through the planner's port"
  for component in planner policy verifier difficulty; do
    kill -TERM "${pids[$component]}"
    seconds=$(jq --arg c $component '.items[] | select(.spec.template? and .metadata.labels["app.kubernetes.io/component"] == $c) | .spec.template.spec.terminationGracePeriodSeconds' "$run/objects")
    wait_for "$seconds" bash -c "! kill -0 ${pids[$component]} 2>/dev/null"
  done
  echo "all stop within their grace periods; $SECONDS s"
}

if [ "${1:-}" = inside ]; then
  run=$2
  inside
  exit
fi
stop_at_exit
nice test/cluster/build.sh
start_apiserver
kubectl apply --server-side --validate=strict -k deploy/k8s/overlays/dev >/dev/null
kubectl -n ponder get deployments,statefulsets,services,configmaps -o json >"$run/objects"
mkdir "$run/bin"
go build -o "$run/bin/" ./cmd/ponder ./services/{planner,policy,verifier,difficulty}/cmd/...
(cd tools && GOWORK=off go build -o "$run/bin/nats" github.com/nats-io/nats-server/v2)
unshare --map-root-user --net --mount test/cluster/services.sh inside "$run"
