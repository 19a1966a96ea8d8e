#!/usr/bin/env bash
# Builds examples/java with Maven, unless it is built of the sources and the contract as they are.
set -euo pipefail
cd "$(dirname "$0")/../../examples/java"
command -v mvn >/dev/null || { echo "java.sh: mvn is missing (Debian: apt-get install maven openjdk-17-jdk-headless)" >&2; exit 1; }
sources=$(find pom.xml src ../../proto/ponder -name '*.proto' -o -name '*.java' -o -name pom.xml | sort | xargs sha256sum)
stamp=target/ponder-stamp
if [ "$sources" != "$(cat $stamp 2>/dev/null)" ]; then
  rm -rf target
  log=$(mvn -q -B package 2>&1) || { echo "$log" >&2; exit 1; } # Maven writes errors, and colours, to standard output
  echo "$sources" >$stamp
fi
