#!/usr/bin/env bash
# Installs Apache Kafka, the broker that tests run against, as jars in the peers' folder (BARLINE_PEERS, else .peers).
# Prints the folder of the jars as the last line. Running it again does nothing when the set is complete.
# Needs Java 17 and mvn.
set -euo pipefail

kafka_version=4.3.1
slf4j_version=1.7.36
root="$(cd "$(dirname "$0")/../.." && pwd)"
dir="${BARLINE_PEERS:-$root/.peers}/kafka"
mark="$dir/complete-$kafka_version"

fail() { echo "install-kafka: $1" >&2; exit 1; }

if [ ! -e "$mark" ]; then
  for tool in java mvn; do
    command -v "$tool" >/dev/null || fail "$tool is not on the PATH"
  done
  rm -rf "$dir"
  mkdir -p "$dir/libs"
  cat >"$dir/pom.xml" <<POM
<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>
<groupId>dev.barline</groupId><artifactId>kafka-jars</artifactId><version>1</version>
<dependencies>
<dependency><groupId>org.apache.kafka</groupId><artifactId>kafka_2.13</artifactId><version>$kafka_version</version></dependency>
<dependency><groupId>org.slf4j</groupId><artifactId>slf4j-simple</artifactId><version>$slf4j_version</version></dependency>
</dependencies></project>
POM
  mvn --batch-mode --quiet -f "$dir/pom.xml" dependency:copy-dependencies -DincludeScope=runtime \
    -DoutputDirectory="$dir/libs" >&2 || fail "mvn could not fetch Kafka $kafka_version (see above)"
  [ -e "$dir/libs/kafka_2.13-$kafka_version.jar" ] || fail "mvn left no Kafka $kafka_version in $dir/libs"
  touch "$mark"
fi
echo "$dir/libs"
