"""`python -m annoscope_recorder`: sends an outbox, or tells what is in it."""

from __future__ import annotations

import argparse
import json
import logging
import signal
import sqlite3
import sys
from pathlib import Path

from annoscope_recorder.outbox import HostOutbox, counts
from annoscope_recorder.relay import Relay
from annoscope_recorder.sender import Sender


def main() -> int:
    """The command; its exit code."""
    parser = argparse.ArgumentParser(prog="python -m annoscope_recorder", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    relay = commands.add_parser("relay", help="send what waits to annoscope, until it is ended")
    relay.add_argument("--url", required=True, help="annoscope's ingest port, http://127.0.0.1:8282/")
    relay.add_argument("--token-file", type=Path, help="has an administrator's token, for a port beyond loopback")
    relay.add_argument("--once", action="store_true", help="end when nothing waits, with 1 if something is left")
    relay.add_argument("--deadline-s", type=float, default=60.0, help="for --once, in seconds")
    status = commands.add_parser("status", help="how many events wait, and how many annoscope refused")
    refused = commands.add_parser("refused", help="what annoscope refused, a JSON object a line")
    again = commands.add_parser("send-again", help="have what was refused sent once more")
    for command in (relay, status, refused, again):
        command.add_argument("--outbox", type=Path, required=True, help="the SQLite file: an outbox's, or the host's")
    arguments = parser.parse_args()

    if not arguments.outbox.is_file():
        parser.error(f"there is no file {arguments.outbox}")
    outbox = HostOutbox(lambda: sqlite3.connect(arguments.outbox))
    outbox.create_tables()
    if arguments.command == "relay":
        return run_relay(outbox, arguments)
    with outbox.transaction() as rows:
        if arguments.command == "refused":
            for row in rows.refused():
                print(json.dumps(row))
        elif arguments.command == "send-again":
            rows.send_refused_again()
    if arguments.command != "refused":
        found = counts(outbox)
        print(json.dumps({"n_waiting": found.n_waiting, "n_refused": found.n_refused}))
    return 0


def run_relay(outbox: HostOutbox, arguments: argparse.Namespace) -> int:
    """Sends until SIGTERM or SIGINT, or until nothing is left."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    token = arguments.token_file.read_text().strip() if arguments.token_file else None
    relay = Relay(outbox, Sender(arguments.url, token=token))
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: relay.stop())
    if arguments.once:
        return 0 if relay.send_all(arguments.deadline_s) else 1
    relay.run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
