#!/usr/bin/env bash
# Installs Spark with Delta Lake in a cache folder: a Python venv with pyspark, and eight jars.
# Prints the folder as its last line. Running it again does nothing when the set is complete.
# Needs python3, Java 17 and mvn. BARLINE_SPARK_DIR chooses the folder.
set -euo pipefail

pyspark_version=4.2.0
delta_version=4.4.0
dir="${BARLINE_SPARK_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/barline/spark-$pyspark_version-delta-$delta_version}"
mark="$dir/complete-1"

if [ ! -e "$mark" ]; then
  for tool in python3 java mvn; do
    command -v "$tool" >/dev/null || { echo "install-spark: $tool is not on the PATH" >&2; exit 1; }
  done
  rm -rf "$dir"
  mkdir -p "$dir/jars"
  python3 -m venv "$dir/venv"
  "$dir/venv/bin/pip" install --quiet "pyspark==$pyspark_version" 'pandas<3' 'pyarrow' >&2

  # Spark brings its own copies of everything else, so each jar is taken without its dependencies.
  pom="$dir/pom.xml"
  {
    echo '<project xmlns="http://maven.apache.org/POM/4.0.0"><modelVersion>4.0.0</modelVersion>'
    echo '<groupId>dev.barline</groupId><artifactId>spark-jars</artifactId><version>1</version><dependencies>'
    while read -r group artifact version; do
      echo "<dependency><groupId>$group</groupId><artifactId>$artifact</artifactId><version>$version</version>"
      echo '<exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions></dependency>'
    done <<JARS
io.delta delta-spark_4.2_2.13 $delta_version
io.delta delta-storage $delta_version
io.delta delta-kernel-api $delta_version
io.delta delta-kernel-defaults $delta_version
io.delta delta-kernel-unitycatalog $delta_version
io.unitycatalog unitycatalog-client 0.6.0
io.unitycatalog unitycatalog-hadoop 0.6.0
org.locationtech.jts jts-core 1.20.0
JARS
    echo '</dependencies></project>'
  } >"$pom"
  mvn --batch-mode --quiet -f "$pom" dependency:copy-dependencies -DoutputDirectory="$dir/jars" >&2
  count=$(find "$dir/jars" -name '*.jar' | wc -l)
  [ "$count" -eq 8 ] || { echo "install-spark: expected 8 jars in $dir/jars, found $count" >&2; exit 1; }
  touch "$mark"
fi
echo "$dir"
