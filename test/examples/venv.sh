#!/usr/bin/env bash
# Creates .venv with the packages of tools/requirements.txt. Prints how to install what is missing.
set -euo pipefail
cd "$(dirname "$0")/../.."
python=${PYTHON:-python3}
if ! command -v "$python" >/dev/null; then
  echo "venv.sh: python3 is missing (Debian: apt-get install python3 python3-venv)" >&2
  exit 1
fi
if [ ! -x .venv/bin/python ] && ! "$python" -m venv .venv; then
  echo "venv.sh: python3 cannot create virtual environments (Debian: apt-get install python3-venv)" >&2
  exit 1
fi
.venv/bin/python -m pip install -q --disable-pip-version-check -r tools/requirements.txt
