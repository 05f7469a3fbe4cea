#!/usr/bin/env bash
# End-to-end tests: pytest against a real server process. Arguments go to pytest, which runs in tests/.
# Environment: ANNOSCOPE_BIN, the server to test, default the debug build; ANNOSCOPE_SOAK=1, the long loops.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh curl chromium postgresql
scripts/venv.sh
export ANNOSCOPE_BIN=${ANNOSCOPE_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/debug/annoscope}
[ -x "$ANNOSCOPE_BIN" ] || {
    echo "e2e: there is no server at $ANNOSCOPE_BIN; 'make test-e2e' builds it." >&2
    exit 1
}
ANNOSCOPE_BIN=$(realpath "$ANNOSCOPE_BIN")
cd tests
exec ../.venv/bin/python -m pytest -p no:cacheprovider "$@"
