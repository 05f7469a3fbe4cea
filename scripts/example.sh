#!/usr/bin/env bash
# Starts the example's annotation server beside annoscope, linked, until Ctrl+C. Data is in a temporary directory, and
# goes with them. The argument is the directory of the two programs.
set -euo pipefail
bin=$1
page=127.0.0.1:8480 annoscope=127.0.0.1:8481 ingest=127.0.0.1:8482

data=$(mktemp -d)
pids=()
stop() {
    trap - EXIT
    kill "${pids[@]}" 2>/dev/null || true
    wait
    rm -rf "$data"
}
trap stop EXIT
trap 'exit 0' INT TERM

# A variable of our build would be an unknown setting to the server.
env -u ANNOSCOPE_CACHE "$bin/annoscope" serve --data-dir "$data/annoscope" --listen $annoscope --ingest-listen $ingest \
    --auth cvat --cvat-url http://$page >"$data/annoscope.log" 2>&1 &
pids+=($!)
"$bin/annoscope-example" --data-dir "$data/example" --listen $page --annoscope http://$annoscope --ingest http://$ingest/ \
    >"$data/example.log" 2>&1 &
pids+=($!)

until curl -sf -o /dev/null http://$annoscope/readyz && curl -sf -o /dev/null http://$page/; do
    for pid in "${pids[@]}"; do
        kill -0 "$pid" 2>/dev/null || {
            cat "$data"/*.log >&2
            exit 1
        }
    done
    sleep 0.1
done
cat <<TEXT

  An annotation tool   http://$page/   log in as admin, password admin
  annoscope            http://$annoscope/analytics/   the same account, logged in there

  The API of the tool is CVAT's, as far as cvat-sdk needs it. Data: $data, removed at the end. Ctrl+C ends both.

TEXT
wait -n
