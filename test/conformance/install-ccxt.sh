#!/usr/bin/env bash
# Installs the ccxt library, which providers `ccxt:…` load where a user has it, in the peers' folder (BARLINE_PEERS,
# else .peers), and proves that it loads. Prints the folder as the last line. Running it again does nothing when it is
# there.
set -euo pipefail

version=4.5.84
root="$(cd "$(dirname "$0")/../.." && pwd)"
folder="${BARLINE_PEERS:-$root/.peers}/ccxt-$version"

fail() { echo "install-ccxt: $1" >&2; exit 1; }

if [ ! -e "$folder/installed" ]; then
  rm -rf "$folder"
  mkdir -p "$folder"
  npm install --prefix "$folder" --no-audit --no-fund --ignore-scripts "ccxt@$version" >&2 ||
    fail "npm install of ccxt $version failed (see above)"
  touch "$folder/installed"
fi
(cd "$folder" && node --input-type=module -e "import ccxt from 'ccxt'; new ccxt.kraken()") || fail "ccxt does not load"
echo "$folder"
