#!/usr/bin/env bash
# Makes .venv with exactly tests/requirements.txt. Does nothing when it is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

stamp=.venv/requirements.installed
if cmp -s tests/requirements.txt "$stamp" && .venv/bin/python -c '' 2>/dev/null; then
    exit
fi
scripts/need.sh python
echo "making .venv for the end-to-end tests (once, 400 MB to fetch)" >&2
rm -rf .venv
python3 -m venv .venv
.venv/bin/pip install --quiet --disable-pip-version-check --no-deps -r tests/requirements.txt || {
    echo "venv: pip could not install tests/requirements.txt; is PyPI reachable?" >&2
    exit 1
}
cp tests/requirements.txt "$stamp"
