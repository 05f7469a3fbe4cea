#!/usr/bin/env bash
# Builds the page into web/dist, which the release build takes into the program. Does nothing when it is up to date.
# With --packages it only makes sure that web/node_modules has exactly what package-lock.json says.
set -euo pipefail
cd "$(dirname "$0")/../web"

../scripts/need.sh node
stamp=node_modules/.lock.installed
if ! cmp -s package-lock.json "$stamp"; then
    echo "fetching the page's packages from npm (once)" >&2
    npm ci --no-audit --no-fund --loglevel=error || {
        echo "page: npm could not install web/package-lock.json; is the npm registry reachable?" >&2
        exit 1
    }
    cp package-lock.json "$stamp"
fi
[ "${1:-}" != --packages ] || exit 0

inputs=(src public index.html package-lock.json tsconfig.json vite.config.ts)
if [ -f dist/index.html ] && [ -z "$(find "${inputs[@]}" -newer dist/index.html -print -quit)" ]; then
    exit
fi
npm run --silent build -- --logLevel warn
