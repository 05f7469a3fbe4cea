"""The middleware for ASGI of clients/python: what goes through it. No server is needed."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import annoscope_recorder as recorder
import pytest
from annoscope_recorder.asgi import App, RecorderMiddleware

HTTP = {
    "type": "http",
    "method": "POST",
    "path": "/jobs/7",
    "query_string": b"page=1",
    "headers": [(b"user-agent", b"curl/8"), (b"content-type", b"text/plain"), (b"x-request-id", b"mine")],
    "client": ("10.0.0.1", 5000),
}


def call(app: App, scope: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    """What the middleware sends on."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": f"{scope['type']}.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(RecorderMiddleware(app, **options)(dict(scope), receive, send))
    return sent


def test_each_answer_has_one_id_and_it_is_ours() -> None:
    seen = []

    async def app(_: Any, __: Any, send: Any) -> None:
        seen.append(recorder.current())
        headers = [(b"X-Request-Id", b"the application's"), (b"server", b"own")]
        await send({"type": "http.response.start", "status": 404, "headers": headers})
        await send({"type": "http.response.body", "body": b"no"})

    [start, body] = call(app, HTTP)
    [context] = seen
    assert start["headers"] == [(b"server", b"own"), (b"x-request-id", context.id.encode())]
    assert body["body"] == b"no"
    assert (context.user_agent, context.remote_addr) == ("curl/8", "10.0.0.1")
    assert recorder.current().id is None


def test_a_websocket_is_a_request_too() -> None:
    async def app(_: Any, __: Any, send: Any) -> None:
        await send({"type": "websocket.accept"})

    [accept] = call(app, {"type": "websocket", "path": "/", "headers": [], "client": None})
    [(name, value)] = accept["headers"]
    assert (name, len(value)) == (b"x-request-id", 36)


async def fail(*_: Any) -> None:
    raise RuntimeError("a bug")


def test_an_exception_is_recorded_and_goes_on() -> None:
    recorded: list[recorder.Event] = []
    with pytest.raises(RuntimeError, match="a bug"):
        call(fail, HTTP, record=recorded.extend)
    [event] = recorded
    payload = json.loads(event["payload"])
    assert (event["scope"], payload["status_code"], payload["message"]) == (
        "send:exception",
        500,
        "RuntimeError: a bug",
    )
    assert payload["request"]["url"] == "/jobs/7?page=1"
    assert payload["request"]["content_type"] == "text/plain"
    assert event["remote_addr"] == "10.0.0.1"


def test_an_outbox_that_fails_does_not_hide_the_error(caplog: pytest.LogCaptureFixture) -> None:
    def record(_: object) -> None:
        raise OSError("disk full")

    with pytest.raises(RuntimeError, match="a bug"):
        call(fail, HTTP, record=record)
    assert "could not be recorded" in caplog.text
