"""One event as it goes over the wire: a dictionary in CVAT's record, with an id of its own beside it."""

from __future__ import annotations

import datetime as dt
import json
import math
import re
import time
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from annoscope_recorder.context import Organization, RequestContext, current

# Keys of CVAT's record, `event_id`, `access_token_id` and `remote_addr`. Absent ones are left out.
Event = dict[str, Any]

# Levels of a value that are kept: annoscope takes payloads of 127.
MAX_LEVELS = 100

# Half an emoji: no UTF-8 has it.
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Place:
    """Where a thing belongs: its organization, project, task and job, as far as it has them."""

    organization: Organization | None = None
    project_id: int | None = None
    task_id: int | None = None
    job_id: int | None = None

    def or_else(self, other: Place) -> Place:
        """`other`'s where this has none."""
        return Place(
            self.organization if self.organization is not None else other.organization,
            self.project_id if self.project_id is not None else other.project_id,
            self.task_id if self.task_id is not None else other.task_id,
            self.job_id if self.job_id is not None else other.job_id,
        )


def make_event(
    scope: str,
    payload: Mapping[str, Any],
    *,
    place: Place,
    context: RequestContext | None = None,
    at: dt.datetime | None = None,
    **fields: Any,
) -> Event:
    """An event of `scope` at `at` (now), of the user and the request of `context` (the current one).

    `fields` are others of the record: `obj_name`, `obj_id`, `obj_val`, `count`, `duration`.
    """
    context = context or current()
    organization = place.organization or Organization()
    user = context.known_user()
    members = {**payload, "request": {**payload.get("request", {}), **context.members()}}
    event = {
        "event_id": str(uuid.uuid4()),
        "scope": scope,
        **fields,
        "source": "server",
        "timestamp": unix_seconds(at),
        "project_id": place.project_id,
        "task_id": place.task_id,
        "job_id": place.job_id,
        "user_id": user.id if user else None,
        "user_name": user.name if user else None,
        # An empty address is none.
        "user_email": (user.email or None) if user else None,
        "org_id": organization.id,
        "org_slug": organization.slug,
        "access_token_id": context.access_token_id,
        "remote_addr": context.remote_addr,
        "payload": to_json(members),
    }
    return {key: mended(value) for key, value in event.items() if value is not None}


def unix_seconds(at: dt.datetime | None) -> str:
    """Unix seconds as text, in microseconds: the form of CVAT's servers."""
    micros = time.time_ns() // 1000 if at is None else round(at.timestamp() * 1_000_000)
    return f"{micros // 1_000_000}.{micros % 1_000_000:06}"


def to_json(value: Any) -> str:
    """Compact JSON that any reader takes: no `NaN`, no lone surrogates; other types as their text."""
    return json.dumps(plain(value), ensure_ascii=False, separators=(",", ":"), allow_nan=False)


def plain(value: Any, level: int = 0) -> Any:
    """`value` in JSON's types, as CVAT's API would show it; null in place of what lies too deep."""
    if level > MAX_LEVELS:
        return None
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {mended(str(key)): plain(member, level + 1) for key, member in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(member, level + 1) for member in value]
    if isinstance(value, dt.datetime):
        return value.isoformat().replace("+00:00", "Z")
    return mended(str(value))


def mended(value: Any) -> Any:
    """A text without lone surrogates and NUL characters, which no database takes; else `value` itself."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub("\ufffd", value).replace("\x00", "\ufffd")
    return value
