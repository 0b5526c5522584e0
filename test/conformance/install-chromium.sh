#!/usr/bin/env bash
# Installs Chromium, in which reports are looked at, from Debian, and proves that it starts. Prints its path as the last
# line. Running it again does nothing when it is there. BARLINE_CHROMIUM names another one; else it needs root, apt-get.
set -euo pipefail

browser="${BARLINE_CHROMIUM:-/usr/bin/chromium}"

fail() { echo "install-chromium: $1" >&2; exit 1; }

if [ ! -x "$browser" ]; then
  [ -z "${BARLINE_CHROMIUM:-}" ] || fail "BARLINE_CHROMIUM names $browser, where there is no program"
  command -v apt-get >/dev/null || fail "no $browser and no apt-get; name a Chromium by BARLINE_CHROMIUM"
  [ "$(id -u)" = 0 ] || fail "no $browser, and only root can install it: apt-get install chromium"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -qq >&2 || fail "apt-get update failed (see above)"
  apt-get install -y -qq --no-install-recommends chromium >&2 || fail "apt-get install chromium failed (see above)"
  [ -x "$browser" ] || fail "apt-get left no $browser"
fi
"$browser" --version >&2 || fail "$browser does not run"
echo "$browser"
