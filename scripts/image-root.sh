#!/usr/bin/env bash
# image-root.sh TARBALL FILE: makes FILE, the root file system of the image (deploy/Dockerfile), out of the tarball: the
# program, the libraries of this system that it needs, certificates, and a user.
set -euo pipefail

tarball=$(realpath "$1") file=$(realpath -m "$2")
"$(dirname "$0")/need.sh" certificates
root=$(mktemp -d)
trap 'rm -rf "$root"' EXIT
chmod 755 "$root"

mkdir -p "$root"/usr/{bin,lib/annoscope} "$root"/etc/ssl/certs "$root"/data "$root"/tmp
chmod 1777 "$root/tmp"
chmod 700 "$root/data"
tar -xzf "$tarball" --strip-components=1 -C "$root/usr/lib/annoscope"
ln -s ../lib/annoscope/annoscope "$root/usr/bin/annoscope"

# Whose licences the packages of the system have.
copyright() {
    local package
    # Under one of the two names, where /lib is a link.
    package=$(dpkg-query --search "$1" "$(realpath "$1")" 2>/dev/null | head -1 | cut -d: -f1) || true
    [ ! -f "/usr/share/doc/$package/copyright" ] ||
        install -D -m 644 "/usr/share/doc/$package/copyright" "$root/usr/share/doc/$package/copyright"
}

# The lines of ldd are `name => path (address)`, and `path (address)` for the loader.
ldd "$root/usr/lib/annoscope/annoscope" "$root/usr/lib/annoscope/libduckdb.so" |
    grep -o '/[^ ]* (0x' | cut -d' ' -f1 | sort -u | while read -r library; do
    case $library in
        "$root"/*) ;; # DuckDB's, beside the program
        *)
            install -D -m 755 "$library" "$root$library"
            copyright "$library"
            ;;
    esac
done
# A link of the system's is a file here: each is needed under the name that ldd prints.

install -m 644 /etc/ssl/certs/ca-certificates.crt "$root/etc/ssl/certs/"
copyright /usr/sbin/update-ca-certificates
printf 'root:x:0:0::/:/\nannoscope:x:10001:10001::/data:/\n' >"$root/etc/passwd"
printf 'root:x:0:\nannoscope:x:10001:\n' >"$root/etc/group"
printf 'hosts: files dns\n' >"$root/etc/nsswitch.conf"

# The owners are written into the archive: nobody needs to be root to make it.
tar -C "$root" --sort=name --numeric-owner --owner=0 --group=0 --exclude=./data -cf "$file" .
tar -C "$root" --numeric-owner --owner=10001 --group=10001 -rf "$file" ./data
