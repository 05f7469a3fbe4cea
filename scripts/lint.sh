#!/usr/bin/env bash
# Every check that needs no running program: format, clippy, rustdoc, dependencies, ruff, mypy, and shellcheck where it is
# installed.
# Takes cargo's feature flags as arguments.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh cargo cc rustfmt clippy
scripts/venv.sh
cargo fmt --all --check
cargo clippy --workspace --all-targets "$@" -- -D warnings
RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --document-private-items --quiet "$@"
.venv/bin/python scripts/dependencies.py
.venv/bin/ruff check tests clients/python
.venv/bin/ruff check --config tests/pyproject.toml bench scripts deploy
.venv/bin/ruff format --check tests clients/python
.venv/bin/mypy --config-file clients/python/pyproject.toml clients/python/annoscope_recorder
.venv/bin/ruff format --config tests/pyproject.toml --check bench scripts deploy
if command -v shellcheck >/dev/null; then
    shellcheck scripts/*.sh .ci/run deploy/debian/*
fi
