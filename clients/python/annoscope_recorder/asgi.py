"""For FastAPI, Starlette and other ASGI servers: a request id, a context, and exceptions as events."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from annoscope_recorder.actions import view_exception
from annoscope_recorder.context import request
from annoscope_recorder.event import Event
from annoscope_recorder.relay import Relay

log = logging.getLogger("annoscope_recorder")

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]


class RecorderMiddleware:
    """Wraps a whole application: `app = RecorderMiddleware(api, record=outbox.record, relay=relay)`.

    `record` takes the event of an exception that the application did not answer itself. `relay` is started and stopped
    with the application; where the server tells nothing of its start, with the first request.
    """

    def __init__(
        self, app: App, *, record: Callable[[list[Event]], object] | None = None, relay: Relay | None = None
    ) -> None:
        self._app = app
        self._record = record
        self._relay = relay

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._app(scope, receive, self._with_relay(send))
            return
        if self._relay is not None:
            self._relay.start()
        client = scope.get("client")
        with request(user_agent=header(scope, b"user-agent"), remote_addr=client[0] if client else None) as context:

            async def send_with_id(message: Message) -> None:
                if message["type"] in ("http.response.start", "websocket.accept"):
                    headers = [pair for pair in message.get("headers", ()) if pair[0].lower() != b"x-request-id"]
                    message["headers"] = [*headers, (b"x-request-id", (context.id or "").encode())]
                await send(message)

            try:
                await self._app(scope, receive, send_with_id)
            except Exception as error:
                if scope["type"] == "http":
                    self._record_exception(scope, error)
                raise

    def _record_exception(self, scope: Scope, error: Exception) -> None:
        if self._record is None:
            return
        try:
            self._record(exception_event(scope, error, status_code=500))
        # The error of the application is the one to be told.
        except Exception:
            log.exception("an exception of the application could not be recorded")

    def _with_relay(self, send: Send) -> Send:
        """What waits from before is sent from the start on."""

        async def send_and_follow(message: Message) -> None:
            if self._relay is not None and message["type"] == "lifespan.startup.complete":
                self._relay.start()
            if self._relay is not None and message["type"].startswith("lifespan.shutdown"):
                self._relay.stop()
            await send(message)

        return send_and_follow


def exception_event(scope: Scope, error: Exception, status_code: int) -> list[Event]:
    """`send:exception` of a request: for the application's own handlers of errors, too."""
    endpoint = scope.get("endpoint")
    query = scope.get("query_string", b"").decode("latin-1")
    return view_exception(
        error,
        status_code=status_code,
        method=scope["method"],
        url=f"{scope['path']}?{query}" if query else scope["path"],
        content_type=header(scope, b"content-type"),
        action=getattr(endpoint, "__name__", None),
    )


def header(scope: Scope, name: bytes) -> str | None:
    """A header of the request."""
    for key, value in scope.get("headers", ()):
        if key.lower() == name:
            return bytes(value).decode("latin-1")
    return None
