#!/bin/sh
usage="Run one block on a machine without network:

    sh scripts/on_gpu.sh BUNDLE BLOCK OUT [flags of scripts/gpu_block.py]

BUNDLE   folder that scripts/offline_bundle.py wrote, for the Python of this machine
BLOCK    one of scripts/gpu_block.py --list
OUT      folder that then holds result.json, log.txt and run.tar.gz.aa, run.tar.gz.ab, ...

To go on with a block that was cut off, copy the parts run.tar.gz.* of its OUT into BUNDLE as BLOCK.tar.gz.aa, ...
PYTHON names the interpreter (default python3), and BLOCK_SECONDS the time for all of it (default 540)."
set -eu
began=$(date +%s)
fail() {
    echo "error: $1" >&2
    exit 2
}
case ${1:-} in -h | --help) echo "$usage" && exit 0 ;; esac
[ $# -ge 3 ] || fail "on_gpu.sh takes BUNDLE BLOCK OUT, got $# words: see --help"
bundle=$1 block=$2 out=$3
shift 3
python=${PYTHON:-python3}
command -v "$python" >/dev/null || fail "PYTHON must be an interpreter, got $python: name its path"
[ -f "$bundle/manifest.json" ] || fail "BUNDLE must be a folder of scripts/offline_bundle.py, got $bundle: make one"
field() {
    "$python" -c 'import json, sys; print(json.load(open(sys.argv[1]))[sys.argv[2]])' "$bundle/manifest.json" "$1" 2>/dev/null ||
        fail "$bundle/manifest.json must be whole, got one without $1: copy the bundle again"
}
seconds=${BLOCK_SECONDS:-540}
case $seconds in '' | *[!0-9]*) fail "BLOCK_SECONDS must be a whole number, got $seconds" ;; esac
[ "$seconds" -gt 0 ] && [ "$seconds" -le 540 ] || fail "BLOCK_SECONDS must be from 1 to 540, got $seconds"
wanted=$(field python)
found=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
[ "$wanted" = "$found" ] || fail "the bundle is for Python $wanted, got $found: make it with --python $found"
root=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$out"
out=$(cd "$out" && pwd) bundle=$(cd "$bundle" && pwd)
site=$(mktemp -d)
trap 'rm -rf "$site"' EXIT
export PIP_NO_INDEX=1 PIP_DISABLE_PIP_VERSION_CHECK=1
for wheel in "$bundle"/wheels/*.whl; do
    [ ! -e "$wheel" ] || "$python" -m pip install --quiet --no-deps --target "$site" "$wheel"
done
for archive in "$bundle"/data/*.tar.xz; do
    [ ! -e "$archive" ] || "$python" -m tarfile -e "$archive" "$site/data/numpy" # needs no xz
done
if [ -f "$bundle/$block.tar.gz.aa" ]; then
    rm -rf "$out/run"
    cat "$bundle/$block".tar.gz.* | tar -xzf - -C "$out" || fail "the parts of $block.tar.gz in $bundle must be whole"
fi
export PYTHONPATH="$root:$site${PYTHONPATH:+:$PYTHONPATH}" PYTHONUNBUFFERED=1 JAXVAE_DATA_DIR="$site/data"
export JAX_COMPILATION_CACHE_DIR="$site/compiled" # shared by the processes of a block
JAXVAE_COMMIT=$(field commit)
JAXVAE_SOURCES=$(field sources)
export JAXVAE_COMMIT JAXVAE_SOURCES
left=$((seconds - ($(date +%s) - began)))
[ "$left" -gt 0 ] || fail "BLOCK_SECONDS must leave time after unpacking, got none: give more"
code=0
# a block ends by itself; what hangs, such as a compilation, is interrupted and then killed
{ timeout -s INT -k 20 "$left" "$python" "$root/scripts/gpu_block.py" "$block" --out "$out" --seconds "$left" "$@" 2>&1 ||
    echo $? >"$site/code"; } | tee "$out/log.txt"
[ ! -f "$site/code" ] || code=$(cat "$site/code")
if [ -d "$out/run" ]; then # some machines give back a few files of 16 MiB only
    rm -f "$out"/run.tar.gz.*
    tar -czf - -C "$out" run | split -b 15m - "$out/run.tar.gz."
    rm -r "$out/run"
    du -ch "$out"/run.tar.gz.* | tail -1 | sed 's/total/to bring back, to go on from/'
fi
exit "$code"
