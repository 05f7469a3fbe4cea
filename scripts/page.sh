#!/usr/bin/env bash
# Builds the page into web/dist, which the release build takes into the program. Does nothing when it is up to date.
# With --packages it only makes sure that web/node_modules has exactly what package-lock.json says.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/packages.sh web
[ "${1:-}" != --packages ] || exit 0

cd web
inputs=(src public index.html package-lock.json tsconfig.json vite.config.ts)
if [ -f dist/index.html ] && [ -z "$(find "${inputs[@]}" -newer dist/index.html -print -quit)" ]; then
    exit
fi
npm run --silent build -- --logLevel warn
