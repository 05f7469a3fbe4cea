"""`manage.py annoscope_relay`: sends what waits to annoscope."""

from __future__ import annotations

import signal
import sys
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from annoscope_recorder.django.outbox import DjangoOutbox
from annoscope_recorder.relay import Relay
from annoscope_recorder.sender import Sender


class Command(BaseCommand):
    """Sends until it is ended; one process is enough, and more do no harm."""

    help = "Sends recorded events to annoscope (settings ANNOSCOPE_URL, ANNOSCOPE_TOKEN)."

    def add_arguments(self, parser: ArgumentParser) -> None:
        """The command's flags."""
        parser.add_argument("--database", help="the alias of the database with the outbox")
        parser.add_argument("--once", action="store_true", help="end when nothing waits, with 1 if something is left")
        parser.add_argument("--deadline-s", type=float, default=60.0, help="for --once, in seconds")

    def handle(self, *_: object, **options: Any) -> None:
        """Runs the relay."""
        url = getattr(settings, "ANNOSCOPE_URL", None)
        if not url:
            raise CommandError("settings have no ANNOSCOPE_URL, such as http://127.0.0.1:8282/")
        sender = Sender(url, token=getattr(settings, "ANNOSCOPE_TOKEN", None))
        relay = Relay(DjangoOutbox(options["database"]), sender)
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: relay.stop())
        if not options["once"]:
            relay.run()
        elif not relay.send_all(options["deadline_s"]):
            sys.exit(1)
