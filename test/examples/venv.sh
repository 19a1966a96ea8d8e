#!/usr/bin/env bash
# Makes .venv with what tools/requirements.txt names. Says what is missing where it cannot.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}
command -v "$python" >/dev/null || { echo "venv.sh: python3 is missing (Debian: apt-get install python3 python3-venv)" >&2; exit 1; }
[ -x .venv/bin/python ] || "$python" -m venv .venv || { echo "venv.sh: python3 cannot make virtual environments (Debian: apt-get install python3-venv)" >&2; exit 1; }
.venv/bin/python -m pip install -q --disable-pip-version-check -r tools/requirements.txt
