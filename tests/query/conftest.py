"""Fixtures of this room: a server with three events, and one who may ask."""

from __future__ import annotations

import pytest

from support import events
from support.server import Server, User


@pytest.fixture
def stored(server: Server) -> Server:
    """A server with three events."""
    batch = [
        events.server_event("create:task", "1719835200.25", obj_id=1, obj_name="no number"),
        events.server_event("create:task", "1719835201", obj_id=2, obj_name="2"),
        events.server_event("create:job", "1719835202"),
    ]
    assert events.ingest(server, batch).status_code == 200
    return server


@pytest.fixture
def business(server: Server) -> User:
    return server.add_user("bea", "business")
