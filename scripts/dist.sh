#!/usr/bin/env bash
# dist.sh PROGRAM DIR [PACKAGE...]: makes the packages of PROGRAM in DIR: tarball, deb, wheel, image; all by default.
# Each has DuckDB's library beside the program, and the program looks for it there and nowhere else.
# Environment: DUCKDB_LIB_DIR; DIST_FAST=1, less compression, for tests.
set -euo pipefail
cd "$(dirname "$0")/.."

program=$(realpath "$1") dir=$2
shift 2
[ $# -gt 0 ] || set -- tarball deb wheel image
mkdir -p "$dir"
dir=$(realpath "$dir")

version=$(sed -n 's/^version = "\(.*\)"/\1/p' Cargo.toml | head -1)
name=annoscope-$version-x86_64-linux
# As cargo's own target directory, so that cargo-deb finds in it what Cargo.toml says.
stage=$dir/stage
tree=$stage/release
if [ -n "${DIST_FAST:-}" ]; then gzip=(gzip -1) deb=(--fast --compress-type gz --compress-system); else gzip=(gzip -9) deb=(); fi

# The program and all that goes with it, in one directory.
stage() {
    scripts/need.sh objcopy patchelf
    rm -rf "$stage"
    mkdir -p "$tree"
    # The release build has its symbols apart already (scripts/split-symbols.sh).
    if [ -f "$program.debug" ]; then
        install -m 755 "$program" "$tree/annoscope"
        mkdir "$stage/$name-symbols"
        install -m 644 "$program.debug" "$stage/$name-symbols/annoscope.debug"
    else
        objcopy --strip-all "$program" "$tree/annoscope"
    fi
    # shellcheck disable=SC2016 # the loader reads it, not the shell
    patchelf --set-rpath '$ORIGIN' "$tree/annoscope"
    install -m 644 "$DUCKDB_LIB_DIR/libduckdb.so" "$tree/"
    install -m 644 LICENSE README.md CHANGELOG.md deploy/annoscope.toml deploy/annoscope.service "$tree/"
    mkdir "$tree/docs"
    install -m 644 docs/*.md "$tree/docs/"
    python3 scripts/licences.py "$tree/THIRD-PARTY.txt"
}

# archive FILE DIRECTORY NAME: DIRECTORY as NAME in FILE, whoever and wherever it is made by.
archive() {
    tar -C "$2" --sort=name --owner=0 --group=0 --numeric-owner --transform "s,^\.,$3," -cf - . | "${gzip[@]}" >"$1"
}

tarball() {
    archive "$dir/$name.tar.gz" "$tree" "$name"
    if [ -d "$stage/$name-symbols" ]; then
        archive "$dir/$name-symbols.tar.gz" "$stage/$name-symbols" "$name-symbols"
    fi
}

deb() {
    scripts/need.sh cargo-deb
    CARGO_TARGET_DIR=$stage cargo deb --quiet --package annoscope-server --no-build --no-strip --no-dbgsym --locked \
        "${deb[@]}" --output "$dir/"
}

# The newest version of glibc that one of the files asks for: 2_34.
glibc() {
    objdump -T "$@" | grep -o 'GLIBC_2\.[0-9]*' | sort -uV | tail -1 | tr . _ | sed 's/^GLIBC_//'
}

wheel() {
    rm -rf "$stage/wheel"
    cp -R deploy/wheel "$stage/wheel"
    mkdir "$stage/wheel/annoscope/bin"
    cp "$tree/annoscope" "$tree/libduckdb.so" "$stage/wheel/annoscope/bin/"
    cp "$tree/LICENSE" "$tree/THIRD-PARTY.txt" "$stage/wheel/"
    VERSION=$version PLATFORM=manylinux_$(glibc "$tree/annoscope" "$tree/libduckdb.so")_x86_64 \
        .venv/bin/pip --quiet --disable-pip-version-check wheel --no-build-isolation --no-deps --wheel-dir "$dir" "$stage/wheel"
}

image() {
    [ -f "$dir/$name.tar.gz" ] || tarball
    scripts/image-root.sh "$dir/$name.tar.gz" "$dir/annoscope-$version-image-root.tar"
}

stage
for package in "$@"; do
    "$package"
done
rm -rf "$stage"
(cd "$dir" && ls -l annoscope[-_]*)
