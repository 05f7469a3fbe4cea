#!/usr/bin/env bash
# bare-root.sh NAME [PACKAGE...]: makes sure of an archive with a bare Debian, the release that this machine has, and the given
# packages; prints its path. Made once, with debootstrap, as root.
# Environment: ANNOSCOPE_CACHE, default ~/.cache/annoscope.
set -euo pipefail

name=$1
shift
# shellcheck source=/dev/null
. /etc/os-release
file=${ANNOSCOPE_CACHE:-$HOME/.cache/annoscope}/roots/$VERSION_CODENAME-$name.tar
if [ ! -f "$file" ]; then
    "$(dirname "$0")/need.sh" debootstrap
    mkdir -p "$(dirname "$file")"
    temp=$(mktemp -d)
    trap 'rm -rf "$temp" "$file.$$"' EXIT
    include=$(IFS=,; echo "$*")
    echo "making a bare $VERSION_CODENAME ($name) with debootstrap, once" >&2
    debootstrap --variant=minbase ${include:+--include="$include"} "$VERSION_CODENAME" "$temp" >&2
    rm -rf "$temp"/var/cache/apt/archives/*.deb
    # Files of devices are bound in where the root is used.
    tar -C "$temp" --exclude='./dev/*' --exclude='./var/lib/apt/lists/*' -cf "$file.$$" .
    mv "$file.$$" "$file"
fi
echo "$file"
