#!/usr/bin/env bash
# Fetches DuckDB's official prebuilt library once, from the npm registry, and checks it.
# Prints the directory that holds libduckdb.so and its licence: what DUCKDB_LIB_DIR has to be. With --dir it only prints it.
# Environment: ANNOSCOPE_CACHE, default ~/.cache/annoscope.
set -euo pipefail

version=1.5.6-r.1
package=@duckdb/node-bindings-linux-x64@$version
tgz_sha256=1b9f82478539bb9a1d1df44bd103121a12ae52142c07158dc52b97d2ec1d69ff
lib_sha256=3f4962cdd266eab2b479a5b5a4a6d063d279b2954ae814ed00385d553b747633

fail() {
    echo "fetch-duckdb: $*" >&2
    exit 1
}
# check FILE SHA256: succeeds when the file's checksum is the expected one.
check() { echo "$2  $1" | sha256sum --check --status 2>/dev/null; }

dir=${ANNOSCOPE_CACHE:-$HOME/.cache/annoscope}/duckdb/$version
if [ "${1:-}" = --dir ]; then
    echo "$dir"
    exit
fi
if [ -f "$dir/LICENSE" ] && check "$dir/libduckdb.so" "$lib_sha256"; then
    echo "$dir"
    exit
fi

[ "$(uname -sm)" = "Linux x86_64" ] ||
    fail "there is no prebuilt DuckDB $version for $(uname -sm); 'make build FEATURES=bundled' compiles it instead (25 minutes and more, needs a C++ compiler)."
command -v npm >/dev/null ||
    fail "npm is missing; install Node.js 20 or newer, or compile DuckDB with 'make build FEATURES=bundled'."

mkdir -p "$dir"
# In the target directory, so that the last step is a rename within one file system.
temp=$(mktemp -d "$dir/fetch.XXXXXX")
trap 'rm -rf "$temp"' EXIT

echo "fetching $package (25 MB, once)" >&2
tgz=$(cd "$temp" && npm pack --silent "$package") ||
    fail "npm could not fetch $package; is the npm registry reachable?"
check "$temp/$tgz" "$tgz_sha256" || fail "$package does not have the expected checksum; nothing was installed."
tar -xzf "$temp/$tgz" -C "$temp" package/libduckdb.so package/LICENSE
check "$temp/package/libduckdb.so" "$lib_sha256" || fail "libduckdb.so does not have the expected checksum; nothing was installed."
mv "$temp/package/LICENSE" "$temp/package/libduckdb.so" "$dir/"
echo "$dir"
