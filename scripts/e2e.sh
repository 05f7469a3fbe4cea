#!/usr/bin/env bash
# End-to-end tests: pytest against a real server process. Arguments go to pytest, which runs in tests/. Without any, all
# rooms run: two files at a time, and one at a time where tests measure answers, fill disks or take all cores.
# Environment: ANNOSCOPE_BIN, the server to test, default the debug build; ANNOSCOPE_SOAK=1, the long loops.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh curl chromium postgresql nginx
scripts/venv.sh
export ANNOSCOPE_BIN=${ANNOSCOPE_BIN:-${CARGO_TARGET_DIR:-$PWD/target}/debug/annoscope}
[ -x "$ANNOSCOPE_BIN" ] || {
    echo "e2e: there is no server at $ANNOSCOPE_BIN; 'make test-e2e' builds it." >&2
    exit 1
}
ANNOSCOPE_BIN=$(realpath "$ANNOSCOPE_BIN")
cd tests
pytest=(../.venv/bin/python -m pytest -p no:cacheprovider)
if [ $# -gt 0 ]; then
    exec "${pytest[@]}" "$@"
fi
alone=(faults packages keeping/test_retention.py security/test_query_safety.py)
failed=0
"${pytest[@]}" --numprocesses 2 --dist loadfile "${alone[@]/#/--ignore=}" || failed=$?
"${pytest[@]}" "${alone[@]}" || failed=$?
exit "$failed"
