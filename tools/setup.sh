#!/bin/bash
# Make .venv from a Python of 3.11 or newer, and install into it exactly what requirements/lock.txt names.
# A .venv that works is kept; one that is broken or too old is made anew. PYTHON=… chooses the interpreter.
set -eu -o pipefail
cd "$(dirname "$0")/.."
new_enough='import sys, ensurepip, venv; sys.exit(sys.version_info < (3, 11))'

fits() {
    command -v "$1" >/dev/null && "$1" -c "$new_enough" 2>/dev/null
}

choose() {
    for python in ${PYTHON:-} python3 python3.13 python3.12 python3.11; do
        if fits "$python"; then echo "$python"; return; fi
    done
    echo "No Python 3.11 or newer (with its venv module) was found; python3 is $(python3 -V 2>&1 || true)." >&2
    echo "Install one (Debian 12: apt-get install python3 python3-venv), or name it: make setup PYTHON=/path/to/python3.11" >&2
    return 1
}

if ! fits .venv/bin/python || ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
    python=$(choose)
    echo "Making .venv with $("$python" -V)"
    "$python" -m venv --clear .venv
fi

failed() {
    echo >&2
    echo "Python packages could not be installed; pip's own words stand above." >&2
    echo "Offline? Put wheels in a folder and run: PIP_FIND_LINKS=/that/folder PIP_NO_INDEX=1 make setup" >&2
    echo "Behind a proxy? Set https_proxy. A compile error? Look for a missing package in tools/debian.sh." >&2
    exit 1
}

pip=".venv/bin/python -m pip --disable-pip-version-check install --no-deps"
count=$(grep -c '^[a-z0-9A-Z._-]*==' requirements/lock.txt)
echo "Installing $count Python packages; the first time takes a few minutes and about 400 MB of downloads"
builder=$(mktemp)
trap 'rm -f "$builder"' EXIT
# The packages without a wheel are built with the setuptools of the lock, not with whatever is newest today.
sed -n '/^setuptools==/,/^[^ ]/{/^setuptools==/p;/^ /p}' requirements/lock.txt >"$builder"
$pip --quiet -r "$builder" || failed
$pip --no-build-isolation --use-pep517 -r requirements/lock.txt | sed -u '/^Requirement already satisfied/d' || failed
$pip --quiet --no-build-isolation -e . || failed
