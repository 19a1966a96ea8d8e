# Shell functions that run etcd and kube-apiserver on loopback. Source this file after test/lib.sh, in the repository's root,
# with $CLUSTER set; then call stop_at_exit and start_apiserver.

# start_apiserver starts both with empty state in a new directory $run, and sets KUBECONFIG for kubectl and helm.
start_apiserver() {
  local etcd peer api token
  run=$(mktemp -d)
  pids=()
  read -r etcd peer api < <(free_ports 3)
  token=$(openssl rand -hex 16)
  echo "$token,admin,admin,system:masters" >"$run/tokens"
  openssl ecparam -name prime256v1 -genkey -noout -out "$run/accounts.key"
  "$CLUSTER/bin/etcd" --data-dir "$run/etcd" --unsafe-no-fsync --log-level warn \
    --listen-client-urls "http://127.0.0.1:$etcd" --advertise-client-urls "http://127.0.0.1:$etcd" \
    --listen-peer-urls "http://127.0.0.1:$peer" --initial-advertise-peer-urls "http://127.0.0.1:$peer" \
    --initial-cluster "default=http://127.0.0.1:$peer" >"$run/etcd.log" 2>&1 &
  pids+=($!)
  "$CLUSTER/bin/kube-apiserver" --etcd-servers="http://127.0.0.1:$etcd" --cert-dir="$run/certificates" \
    --bind-address=127.0.0.1 --advertise-address=127.0.0.1 --secure-port="$api" --endpoint-reconciler-type=none \
    --token-auth-file="$run/tokens" --authorization-mode=RBAC --service-cluster-ip-range=10.96.0.0/16 \
    --service-account-issuer=https://kubernetes.default.svc --service-account-key-file="$run/accounts.key" \
    --service-account-signing-key-file="$run/accounts.key" --profiling=false >"$run/kube-apiserver.log" 2>&1 &
  pids+=($!)
  export KUBECONFIG=$run/kubeconfig
  wait_for 30 test -s "$run/certificates/apiserver.crt"
  kubectl config set-cluster test --server="https://127.0.0.1:$api" --certificate-authority="$run/certificates/apiserver.crt" >/dev/null
  kubectl config set-credentials admin --token="$token" >/dev/null
  kubectl config set-context test --cluster=test --user=admin >/dev/null
  kubectl config use-context test >/dev/null
  wait_for 120 kubectl get --raw /readyz
}

# stop_at_exit makes the script stop both at its end and remove their state. If the script fails, their logs are shown.
stop_at_exit() {
  run='' pids=()
  trap stop_apiserver EXIT
}

# stop_apiserver is the trap. Without etcd kube-apiserver would wait for a minute: it is killed.
stop_apiserver() {
  local status=$? pid
  [ $status = 0 ] || tail -n 5 "$run"/*.log >&2
  for pid in "${pids[@]:-}"; do kill -KILL "$pid" 2>/dev/null || true; done
  wait 2>/dev/null || true
  rm -rf "$run"
  exit $status
}
