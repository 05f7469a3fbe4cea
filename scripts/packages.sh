#!/usr/bin/env bash
# packages.sh FOLDER: makes sure that FOLDER/node_modules has exactly what FOLDER/package-lock.json says.
set -euo pipefail
cd "$(dirname "$0")/.."

scripts/need.sh node
cd "$1"
stamp=node_modules/.lock.installed
if ! cmp -s package-lock.json "$stamp"; then
    echo "fetching the packages of $1 from npm (once)" >&2
    npm ci --no-audit --no-fund --loglevel=error || {
        echo "packages: npm could not install $1/package-lock.json; is the npm registry reachable?" >&2
        exit 1
    }
    cp package-lock.json "$stamp"
fi
