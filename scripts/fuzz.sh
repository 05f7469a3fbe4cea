#!/usr/bin/env bash
# Fuzzes every parser for FUZZ_SECONDS (default 60) each; crashes stay in fuzz/artifacts.
# Arguments: names of targets, default all.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh cargo cc c++ fuzz
# The sanitizers are nightly features; this lets the installed stable compiler use them, for fuzzing only.
export RUSTC_BOOTSTRAP=1
if [ $# = 0 ]; then
    mapfile -t targets < <(cargo fuzz list)
else
    targets=("$@")
fi
for target in "${targets[@]}"; do
    echo "== $target"
    cargo fuzz run "$target" -- -max_total_time="${FUZZ_SECONDS:-60}" -max_len=65536 -timeout=10
done
