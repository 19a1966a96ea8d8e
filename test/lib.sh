# Shell functions for the suites in this folder. Source this file in the repository's root.

# free_ports N prints N free loopback ports.
free_ports() {
  python3 - "$1" <<'PY'
import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held:
    s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])
PY
}

# wait_for SECONDS COMMAND… repeats the command until it succeeds. After SECONDS it prints the last output and fails.
wait_for() {
  local until=$((SECONDS + $1)) out
  shift
  until out=$("$@" 2>&1); do
    if [ $SECONDS -ge $until ]; then
      echo "timed out: $*" >&2
      echo "$out" >&2
      return 1
    fi
    sleep 0.2
  done
}
