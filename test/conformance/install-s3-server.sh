#!/usr/bin/env bash
# Installs versitygw, the S3 server that tests run against, in the peers' folder (BARLINE_PEERS, else .peers), and
# proves that it starts. Prints its path as the last line. Running it again does nothing when it is there. Needs Go.
set -euo pipefail

version=v1.8.0
root="$(cd "$(dirname "$0")/../.." && pwd)"
bin="${BARLINE_PEERS:-$root/.peers}/bin"
server="$bin/versitygw"

fail() { echo "install-s3-server: $1" >&2; exit 1; }

# The name of the folder's own version, so that a newer script replaces an older server.
mark="$bin/versitygw-$version"
if [ ! -e "$mark" ] || [ ! -x "$server" ]; then
  command -v go >/dev/null || fail "go is not on the PATH; versitygw is built by it"
  mkdir -p "$bin"
  GOBIN="$bin" go install "github.com/versity/versitygw/cmd/versitygw@$version" >&2 ||
    fail "go install of versitygw $version failed (see above)"
  [ -x "$server" ] || fail "go install left no $server"
  touch "$mark"
fi
"$server" --version >&2 || fail "$server does not run"
echo "$server"
