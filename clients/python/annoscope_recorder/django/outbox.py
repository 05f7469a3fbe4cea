"""The outbox in Django's database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connections, router, transaction

from annoscope_recorder.django.models import WaitingEvent
from annoscope_recorder.event import Event, to_json
from annoscope_recorder.outbox import flat
from annoscope_recorder.rows import Rows


def add(events: Sequence[Event | Sequence[Event]], using: str | None) -> None:
    """Events that wait from the commit on."""
    database = using or router.db_for_write(WaitingEvent)
    waiting = [WaitingEvent(event=to_json(event)) for event in flat(events)]
    WaitingEvent.objects.using(database).bulk_create(waiting)


class DjangoOutbox:
    """For a relay: the tables of one database."""

    def __init__(self, using: str | None = None) -> None:
        self._database = using or router.db_for_write(WaitingEvent)

    @contextmanager
    def transaction(self) -> Iterator[Rows]:
        """A transaction of the relay's thread."""
        connection = connections[self._database]
        # The database may have been away since.
        connection.close_if_unusable_or_obsolete()
        with transaction.atomic(using=self._database, durable=True), connection.cursor() as cursor:
            yield Rows(cursor, "%s")
