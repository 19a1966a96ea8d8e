#!/usr/bin/env bash
# Applies the chart and each directory of deploy/k8s to a real kube-apiserver, which validates strictly and admits only
# restricted pods, and checks that it refuses what it should, for the right reason. It has no controllers, scheduler or
# kubelet: no pod runs, no image is pulled, no NetworkPolicy is enforced.
set -euo pipefail
cd "$(dirname "$0")/../.."
. test/lib.sh
. test/cluster/apiserver.sh
CLUSTER=$(realpath -m "${CLUSTER:-.cluster}")
export CLUSTER PATH=$CLUSTER/bin:$PATH
nice test/cluster/build.sh
start=$SECONDS
stop_at_exit
start_apiserver
export HELM_CACHE_HOME=$run/helm HELM_CONFIG_HOME=$run/helm HELM_DATA_HOME=$run/helm
echo "kube-apiserver $(kubectl version -o json 2>/dev/null | jq -r .serverVersion.gitVersion) is ready after $((SECONDS - start)) s"
kubectl apply --server-side -f "$CLUSTER/crds" >/dev/null
kubectl wait --for=condition=Established crd --all --timeout=60s >/dev/null

chart=deploy/chart/ponder
namespace=ponder
pods=0 refused=0

# refuse NAME REASON COMMAND… fails unless the command fails with a message that contains the reason. Its input is stdin.
refuse() {
  local name=$1 reason=$2 out
  shift 2
  if out=$("$@" 2>&1); then
    echo "$name: accepted" >&2
    return 1
  fi
  if [[ $out != *"$reason"* ]]; then
    printf '%s: refused without %s:\n%s\n' "$name" "$reason" "$out" >&2
    return 1
  fi
  refused=$((refused + 1))
  out=${out#*"$reason"}
  [ -n "${quiet:-}" ] || printf 'refused: %-36s %s\n' "$name" "$reason$(head -n 1 <<<"$out" | cut -c1-80)"
}

# objects prints what kustomize builds of a directory as JSON objects.
objects() { kubectl kustomize "$1" | kubectl create --dry-run=client -o json -f - | jq -c 'if .kind == "List" then .items[] else . end'; }

# check_pods tries to create a pod of each template in the namespace, because Pod Security refuses pods, not their workloads,
# and the same pod with privilege escalation, which must be refused.
check_pods() {
  local template name
  while read -r template; do
    name=$(jq -r .metadata.name <<<"$template")
    kubectl create --dry-run=server --validate=strict -f - <<<"$template" >/dev/null
    pods=$((pods + 1))
    quiet=1 refuse "pod of $name with privilege escalation" 'violates PodSecurity "restricted:latest"' \
      kubectl create --dry-run=server -f - < <(jq '.spec.containers[0].securityContext.allowPrivilegeEscalation = true' <<<"$template")
  done < <(kubectl -n $namespace get deployments,statefulsets -o json | jq -c '.items[] | .metadata.name as $name | {
    apiVersion: "v1", kind: "Pod", metadata: (.spec.template.metadata + {name: $name, namespace: .metadata.namespace}),
    spec: (.spec.template.spec + {volumes: (.spec.template.spec.volumes +
      [(.spec.volumeClaimTemplates // [])[] | {name: .metadata.name, persistentVolumeClaim: {claimName: .metadata.name}}])})}')
}

# clear deletes all objects, also claims, which only a controller would release.
clear() {
  kubectl -n $namespace delete deployments,statefulsets,services,configmaps,serviceaccounts,secrets,pdb,networkpolicies,scaledobjects,podmonitors \
    --all --wait=false >/dev/null
  kubectl -n $namespace get pvc -o name | while read -r claim; do
    kubectl -n $namespace delete --wait=false "$claim" >/dev/null
    kubectl -n $namespace patch "$claim" --type=merge -p '{"metadata":{"finalizers":null}}' >/dev/null
  done
  kubectl delete priorityclass ponder --ignore-not-found >/dev/null
}

for dir in deploy/k8s/base deploy/k8s/overlays/*/; do
  dir=${dir%/}
  applied=$(kubectl apply --server-side --validate=strict -k "$dir" | wc -l)
  before=$pods
  check_pods
  echo "applied: $dir, $applied objects; $((pods - before)) pods are admitted, and not with privilege escalation"
  clear
done

# The chart as its users install it, and strictly, which Helm does not ask for.
# all-on.yaml has what is off in all others.
for values in "" deploy/k8s/overlays/{dev,gpu}/values.yaml "deploy/k8s/overlays/gpu/values.yaml deploy/k8s/overlays/keda-queue/values.yaml" \
  test/cluster/all-on.yaml; do
  flags=()
  for file in $values; do flags+=(-f "$file"); done
  helm lint --strict --quiet $chart "${flags[@]}"
  helm install ponder $chart -n $namespace "${flags[@]}" >/dev/null
  before=$pods
  check_pods
  helm template ponder $chart -n $namespace "${flags[@]}" >"$run/rendered.yaml"
  applied=$(kubectl apply --server-side --validate=strict --force-conflicts -f "$run/rendered.yaml" | wc -l)
  helm upgrade ponder $chart -n $namespace "${flags[@]}" --set difficulty.replicas=3 >/dev/null
  [ "$(kubectl -n $namespace get deployment ponder-difficulty -o jsonpath='{.spec.replicas}')" = 3 ] || { echo "not upgraded" >&2; exit 1; }
  helm uninstall ponder -n $namespace >/dev/null
  echo "installed: $chart with values of ${values:-the chart}, $applied objects; $((pods - before)) pods are admitted"
  clear
done

# What must be refused: objects of the overlays with one change. Unchanged they were accepted above.
objects deploy/k8s/overlays/keda-queue >"$run/objects"
change() { jq -c "select(.kind == \"$1\" and .metadata.name == \"$2\") | $3" "$run/objects"; }
apply=(kubectl apply --server-side --dry-run=server --validate=strict -f -)
gpu='.spec.template.spec.initContainers[0].resources'
refuse "an unknown field of a Deployment" 'livenesProbe: field not declared in schema' \
  "${apply[@]}" < <(change Deployment ponder-planner '.spec.template.spec.containers[0].livenesProbe = {}')
refuse "an unknown field of a ScaledObject" '.spec.minReplicas: field not declared in schema' \
  "${apply[@]}" < <(change ScaledObject ponder-policy '.spec.minReplicas = 1')
refuse "a number as text in a ScaledObject" '.spec.minReplicaCount: expected numeric (int or float), got string' \
  "${apply[@]}" < <(change ScaledObject ponder-policy '.spec.minReplicaCount = "one"')
refuse "half a GPU" 'must be an integer' \
  "${apply[@]}" < <(change Deployment ponder-policy "$gpu.requests[\"nvidia.com/gpu\"] = \"0.5\" | $gpu.limits[\"nvidia.com/gpu\"] = \"0.5\"")
refuse "a selector that does not match" '`selector` does not match template `labels`' \
  "${apply[@]}" < <(change Deployment ponder-policy '.spec.selector.matchLabels["app.kubernetes.io/component"] = "planner"')
refuse "a NetworkPolicy with a bad port" 'must contain only alpha-numeric characters' \
  "${apply[@]}" < <(change NetworkPolicy ponder-planner '.spec.ingress[0].ports[0].port = "grpc port"')
helm=(helm install ponder $chart -n $namespace --dry-run=server)
refuse "a value that does not exist" "additional properties 'modle' not allowed" "${helm[@]}" --set modle=pocket-0.3m
refuse "a bad value" "at '/policy/engine': value must be one of 'pocket', 'server', 'vllm'" "${helm[@]}" --set policy.engine=tgi
refuse "two planners" 'searches live in the memory of one planner' "${helm[@]}" --set planner.replicas=2

echo "$pods pods admitted, $refused objects and values refused, each for its reason; $((SECONDS - start)) s"
