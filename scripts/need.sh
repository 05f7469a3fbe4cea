#!/usr/bin/env bash
# Makes sure that the named tools are there: need.sh cargo cc nextest python ...
# What apt or cargo can install is installed, and only when it is missing; for the rest one sentence says what to do.
set -euo pipefail

fail() {
    echo "need: $*" >&2
    exit 1
}

# apt PACKAGE...: installs Debian packages, as root or through sudo.
apt() {
    local as_root=()
    [ "$(id -u)" = 0 ] || as_root=(sudo)
    command -v apt-get >/dev/null || fail "please install $* with your system's package manager."
    echo "installing $* with apt" >&2
    # The lists may be missing or old on a new machine: refresh them only when the first try fails.
    "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$@" >&2 ||
        { "${as_root[@]}" apt-get update -q >&2 &&
            "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -y -q "$@" >&2; } ||
        fail "apt could not install $*; please install it by hand."
}

for tool in "$@"; do
    case $tool in
        cargo)
            command -v cargo >/dev/null || fail "cargo is missing; install Rust with rustup (https://rustup.rs)."
            ;;
        cc) # bundled SQLite and mimalloc are C
            command -v cc >/dev/null || apt gcc libc6-dev
            ;;
        objcopy) # parts the release build from its symbols
            command -v objcopy >/dev/null || apt binutils
            ;;
        patchelf) # packages have no path of the machine that built them
            command -v patchelf >/dev/null || apt patchelf
            ;;
        cargo-deb)
            cargo deb --version >/dev/null 2>&1 || cargo install --locked cargo-deb ||
                fail "cargo could not install cargo-deb."
            command -v dpkg-shlibdeps >/dev/null || apt dpkg-dev
            ;;
        certificates) # the image has them
            [ -f /etc/ssl/certs/ca-certificates.crt ] || apt ca-certificates
            ;;
        debootstrap) # packages are installed in a bare root
            command -v debootstrap >/dev/null || apt debootstrap
            ;;
        docker-compose) # checks deploy/compose*.yml
            command -v docker-compose >/dev/null || apt docker-compose
            ;;
        c++) # libFuzzer and, with FEATURES=bundled, DuckDB are C++
            command -v c++ >/dev/null || apt g++
            ;;
        nextest)
            cargo nextest --version >/dev/null 2>&1 || cargo install --locked cargo-nextest ||
                fail "cargo could not install cargo-nextest."
            ;;
        fuzz)
            cargo fuzz --version >/dev/null 2>&1 || cargo install --locked cargo-fuzz ||
                fail "cargo could not install cargo-fuzz."
            ;;
        rustfmt | clippy)
            name=${tool/rustfmt/fmt}
            cargo "$name" --version >/dev/null 2>&1 || rustup component add "$tool" ||
                fail "rustup could not add $tool."
            ;;
        python)
            python3 -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null ||
                fail "Python 3.11 or newer is needed for the end-to-end tests; python3 is $(python3 --version 2>&1 || true)."
            python3 -c 'import ensurepip, venv' 2>/dev/null || apt python3-venv
            ;;
        node)
            { node -e 'process.exit(Number(process.versions.node.split(".")[0] < 20))' && npm --version; } >/dev/null 2>&1 ||
                fail "Node.js 20 or newer with npm is needed for the page; node is $(node --version 2>&1 || true)."
            ;;
        chromium) # page/test_page.py looks at the page with it
            command -v chromium >/dev/null || apt chromium
            ;;
        postgresql) # clients/python keeps its outbox in it, too
            { compgen -G '/usr/lib/postgresql/*/bin/initdb' || command -v initdb; } >/dev/null || apt postgresql
            ;;
        nginx) # stands before several annoscopes; unpacked and not installed, as nobody wants the service
            nginx=${ANNOSCOPE_CACHE:-$HOME/.cache/annoscope}/nginx
            PATH=$PATH:/usr/sbin:$nginx/usr/sbin
            command -v nginx >/dev/null || {
                mkdir -p "$nginx"
                (cd "$nginx" && apt-get download -q nginx >&2 && dpkg -x nginx_*.deb . && rm nginx_*.deb) ||
                    fail "please install nginx with your system's package manager."
            }
            ;;
        curl) # ingest/test_curl.py drives the real one
            command -v curl >/dev/null || apt curl
            ;;
        *) fail "unknown tool '$tool'" ;;
    esac
done
