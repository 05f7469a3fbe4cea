"""One request to annoscope's ingest port, and what its answer means for the events in it."""

from __future__ import annotations

import datetime as dt
import http.client
from collections.abc import Sequence
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import urlsplit

# Of the events: they, and no setting, are wrong.
REFUSALS = frozenset({400, 413, 422})

# Of an answer's text, bytes: for the reason of a refusal.
MAX_REASON_BYTES = 2_000

# The longest that an answer may ask to wait, seconds.
MAX_RETRY_AFTER_S = 3_600.0


@dataclass(frozen=True)
class Stored:
    """annoscope has them on its disk."""


@dataclass(frozen=True)
class Refused:
    """annoscope will never take them as they are."""

    reason: str


@dataclass(frozen=True)
class TryAgain:
    """Nobody knows whether they are stored: they have to be sent again."""

    reason: str
    # As the answer asks.
    after_s: float | None = None


Outcome = Stored | Refused | TryAgain


class Sender:
    """Sends to `url`, `http://127.0.0.1:8282/` or what stands before it.

    `token`: an administrator's, where the ingest port is not on loopback. `timeout_s`: for each step of a request.
    """

    def __init__(self, url: str, *, token: str | None = None, timeout_s: float = 5.0) -> None:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError(f"{url!r} is no address of annoscope, such as http://127.0.0.1:8282/")
        self._is_https = parts.scheme == "https"
        self._host, self._port = parts.hostname, parts.port
        self._path = parts.path or "/"
        self._timeout_s = timeout_s
        self._headers = {"Content-Type": "application/json", "Connection": "close"}
        if token:
            self._headers["Authorization"] = f"Token {token}"

    def send(self, events: Sequence[str]) -> Outcome:
        """Sends events, each a JSON object."""
        body = f"[{','.join(events)}]".encode()
        kind = http.client.HTTPSConnection if self._is_https else http.client.HTTPConnection
        connection = kind(self._host, self._port, timeout=self._timeout_s)
        try:
            connection.request("POST", self._path, body, self._headers)
            answer = connection.getresponse()
            # Of what is longer, the begin says enough.
            text = answer.read(MAX_REASON_BYTES).decode(errors="replace").strip()
            return outcome(answer.status, text, answer.getheader("Retry-After"), dt.datetime.now(dt.timezone.utc))
        except (OSError, http.client.HTTPException) as error:
            return TryAgain(f"{type(error).__name__}: {error}")
        finally:
            connection.close()


def outcome(status: int, text: str, retry_after: str | None, now: dt.datetime) -> Outcome:
    """What an answer means.

    A wrong address or token (401, 404, …) says nothing against the events: they wait until that is mended.
    """
    if 200 <= status < 300:
        return Stored()
    reason = f"{status} {text}".strip()
    if status in REFUSALS:
        return Refused(reason)
    return TryAgain(reason, retry_after_s(retry_after, now))


def retry_after_s(value: str | None, now: dt.datetime) -> float | None:
    """Seconds of a `Retry-After`: a number, or a date after `now`."""
    if value is None:
        return None
    try:
        seconds = float(value) if value.strip().isdigit() else (parsedate_to_datetime(value) - now).total_seconds()
    except (ValueError, TypeError):
        return None
    return min(max(seconds, 0.0), MAX_RETRY_AFTER_S)
