"""For Django: the outbox as an app with a migration, in the database and the transactions of the host.

`INSTALLED_APPS` has `annoscope_recorder.django`, `MIDDLEWARE` begins with
`annoscope_recorder.django.middleware.RecorderMiddleware`, and `manage.py annoscope_relay` sends.
"""

from __future__ import annotations

from collections.abc import Sequence

from annoscope_recorder.event import Event


def record(*events: Event | Sequence[Event], using: str | None = None) -> None:
    """Adds events to the transaction of the database `using`: its commit keeps them, its rollback drops them."""
    # Models may be imported only when the apps are there.
    from annoscope_recorder.django.outbox import add

    add(events, using)
