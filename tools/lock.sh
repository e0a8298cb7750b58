#!/bin/bash
# Pin everything that requirements/in.txt asks for, with hashes, into requirements/lock.txt.
set -eu
cd "$(dirname "$0")/.."
[ -x .venv/bin/uv ] || .venv/bin/python -m pip install --quiet uv
new=$(mktemp)
trap 'rm -f "$new"' EXIT
cp requirements/lock.txt "$new" 2>/dev/null || true
.venv/bin/uv pip compile requirements/in.txt --override requirements/over.txt --generate-hashes --no-header \
    --no-emit-index-url --no-emit-find-links --python-version 3.11 --quiet -o "$new" "$@"
if grep -nE '://|--(extra-)?index-url|--find-links' "$new"; then
    echo "The lock names an address (above); requirements/lock.txt was left as it is." >&2
    exit 1
fi
cat "$new" >requirements/lock.txt
git --no-pager diff --stat -- requirements/lock.txt || true
