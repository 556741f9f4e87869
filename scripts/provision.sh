#!/bin/bash
# Sets up what the Makefile's targets need, and says what it installs; quick where all is there already.
#
#   bash scripts/provision.sh demo    # .venv with jupyter-prodkit and what the demo notebook imports
#   bash scripts/provision.sh test    # the same with the tests' tools, Python's and TypeScript's, and Debian's Chromium
set -euo pipefail
cd "$(dirname "$0")/.."
export DEBIAN_FRONTEND=noninteractive UV_NO_PROGRESS=1

say() { echo "provision: $*"; }

debian() { # installs those of the packages that are missing
  local package missing=()
  for package in "$@"; do
    [[ $(dpkg-query -W -f '${Status}' "$package" 2>/dev/null) == *" installed" ]] || missing+=("$package")
  done
  [ ${#missing[@]} -gt 0 ] || return 0
  say "Debian packages: ${missing[*]}"
  apt-get update -qq
  apt-get install -y -qq --no-install-recommends "${missing[@]}" >/dev/null
}

count() { .venv/bin/uv pip freeze --quiet --python .venv/bin/python | wc -l; }

environment() {
  local python=${PYTHON:-python3}
  command -v node >/dev/null || { say "Node 20 or newer is needed to build the panel, and none is on the PATH"; exit 1; }
  if [ ! -x .venv/bin/python ]; then
    say "a virtual environment in .venv, of $("$python" --version)"
    "$python" -m venv .venv 2>/dev/null || { debian python3-venv && "$python" -m venv .venv; }
  fi
  if [ ! -x .venv/bin/uv ]; then
    say "uv into .venv"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check 'uv>=0.9'
  fi
  local before after
  before=$(count)
  .venv/bin/uv pip install --quiet --python .venv/bin/python --editable ".[$1]"
  after=$(count)
  [ "$before" = "$after" ] && return
  say "jupyter-prodkit[$1] into .venv: $after distributions ($((after - before)) of them new)"
  .venv/bin/python -m compileall -q -j 0 .venv/lib >/dev/null || true # uv doesn't: every import would, for itself
}

versioning() { # DVC, as its users have it: in an environment of its own, beside the kernel's
  [ ! -x .venv/bin/dvc ] || return 0
  say "DVC into .venv/tools"
  UV_TOOL_DIR=$PWD/.venv/tools UV_TOOL_BIN_DIR=$PWD/.venv/bin \
    .venv/bin/uv tool install --quiet --python .venv/bin/python 'dvc>=3.50'
}

frontend() { # the TypeScript's tools, as yarn.lock has them
  local log
  [ -d labextension/node_modules ] || say "npm packages into labextension/node_modules"
  log=$(cd labextension && ../.venv/bin/jlpm install --immutable 2>&1) || { echo "$log"; exit 1; }
}

browser() {
  if command -v apt-get >/dev/null && [ "$(id -u)" = 0 ]; then
    debian chromium fonts-dejavu-core
  elif ! command -v chromium chromium-browser google-chrome >/dev/null; then
    say "the browser tests need Chromium, and this machine has none: they will be skipped"
  fi
}

case ${1:-} in
  demo) environment demo ;;
  test) environment test && versioning && frontend && browser ;;
  *) say "usage: bash $0 demo|test" && exit 2 ;;
esac
