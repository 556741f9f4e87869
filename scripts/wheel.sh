#!/bin/bash
# The wheel as a user gets it: built from the sdist, installed beside JupyterLab in a clean environment without Node.
#
#   bash scripts/wheel.sh [PYTEST ARGUMENTS]    # then the browser tests, in that environment
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
place=$root/build/wheel
export UV_NO_PROGRESS=1
say() { echo "wheel: $*"; }

rm -rf "$place"
mkdir -p "$place/programs"
.venv/bin/python -m build --installer uv --outdir "$place/dist" . >"$place/build.log" 2>&1 ||
  { tail -n 40 "$place/build.log"; exit 1; }
say "built $(cd "$place/dist" && echo *.whl) from its sdist"

# What a test needs of the machine comes before its programs are listed.
bash tests/engine/engine.sh up >/dev/null || say "no Docker Engine here: the test that needs one is left out"

# Every program of this machine, but for Node and what comes with it.
IFS=: read -ra folders <<<"$PATH"
for folder in "${folders[@]}"; do
  [ -d "$folder" ] && [[ $folder != "$root"/* ]] && cp -rsn "$folder"/. "$place/programs/" 2>/dev/null || true
done
rm -f "$place"/programs/{node,nodejs,npm,npx,corepack,yarn,jlpm}

.venv/bin/uv venv --quiet --python .venv/bin/python "$place/environment"
export PATH=$place/environment/bin:$place/programs VIRTUAL_ENV=$place/environment
if command -v node; then say "Node is still on the PATH" && exit 1; fi
beside=(jupyterlab notebook jupyterlab-language-pack-de-DE pytest pytest-timeout playwright)
"$root/.venv/bin/uv" pip install --quiet --compile-bytecode "$(echo "$place"/dist/*.whl)[all]" "${beside[@]}"
listed=$(jupyter labextension list 2>&1)
grep 'jupyter-prodkit.*enabled.*OK' <<<"$listed" || { echo "$listed"; exit 1; }
say "installed without Node beside JupyterLab $(jupyter lab --version)"

cd "$place" # so that the package is the wheel's and not the one in the tree
pytest -c "$root/pyproject.toml" --rootdir "$root" -p no:cacheprovider "$root/tests/browser" "$@"
