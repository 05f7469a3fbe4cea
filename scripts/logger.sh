#!/usr/bin/env bash
# Builds the browser's logger into clients/browser/dist, as it is published. Does nothing when it is up to date.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/packages.sh clients/browser
cd clients/browser
inputs=(src package.json package-lock.json tsconfig.json tsconfig.build.json vite.config.ts)
if [ -f dist/index.js ] && [ -z "$(find "${inputs[@]}" -newer dist/index.js -print -quit)" ]; then
    exit
fi
npm run --silent build
