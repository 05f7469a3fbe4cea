#!/usr/bin/env bash
# split-symbols.sh PROGRAM: moves the symbols and line tables of PROGRAM into PROGRAM.debug, four fifths of its size.
# The program names that file, and finds it beside itself: a panic still says its lines, and so do gdb and perf.
set -euo pipefail

# Elsewhere the linker leaves them outside by itself.
[ "$(uname -s)" = Linux ] || exit 0

program=$1
# Done before, and not built again since.
if readelf --section-headers "$program" | grep -q '\.gnu_debuglink'; then
    exit
fi
"$(dirname "$0")/need.sh" objcopy
objcopy --only-keep-debug "$program" "$program.debug"
# Into a new file: cargo's own copy is a link to the program, and a running one cannot be written to.
# The link's target has to be named without a directory, as it is looked for beside the program.
cd "$(dirname "$program")"
name=$(basename "$program")
objcopy --strip-all --add-gnu-debuglink="$name.debug" "$name" "$name.stripped"
mv -f "$name.stripped" "$name"
