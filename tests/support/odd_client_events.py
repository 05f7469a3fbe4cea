"""Odd events of clients, and what becomes of each."""

from __future__ import annotations

import datetime as dt

from support import events

ID_FIELDS = ("obj_id", "project_id", "task_id", "job_id")

# By more than a clock's correction before 1900.
LONG_AGO, SOON = "1899-12-01T00:00:00Z", events.iso(events.now() + dt.timedelta(days=2))

# One odd event each: its fields, what kind of mending it is counted as, and what is stored of it.
MENDED = {
    "half an emoji in a text": ({"obj_name": "a\ud83d"}, "lone_surrogate", {"obj_name": "a\ufffd"}),
    "NUL in a text": ({"obj_val": "a\0b"}, "null_character", {"obj_val": "a\ufffdb"}),
    "half an emoji in a payload": (
        {"payload": r'{"message":"label \ud83d is unknown"}'},
        "lone_surrogate",
        {"payload": r'{"message": "label \ufffd is unknown"}'},
    ),
    "half an emoji in a payload, as it is": (
        {"payload": '{"message":"label \ud83d is unknown"}'},
        "lone_surrogate",
        {"payload": r'{"message": "label \ufffd is unknown"}'},
    ),
    "NUL in a payload": (
        {"payload": r'{"message":"a\u0000"}'},
        "null_character",
        {"payload": r'{"message": "a\ufffd"}'},
    ),
    "NaN in a payload": ({"payload": '{"x":NaN}'}, "not_a_number", {"payload": '{"x": null}'}),
    "negative duration": ({"duration": -5}, "negative_duration", {"duration": "0"}),
    "ahead of receipt": ({"timestamp": SOON}, "ahead_of_receipt", {}),
    "far ahead of receipt": ({"timestamp": "9999-01-01T00:00:00Z"}, "ahead_of_receipt", {}),
    "ends after receipt": (
        {"scope": "change:frame", "duration": 3_600_000, "job_id": 8},
        "ends_after_receipt",
        {"duration": "3600000"},
    ),
    "hours in a payload": (
        {"payload": r'{"working\u005ftime": 36000000}'},
        "claimed_hours",
        {"payload": '{"claimed_working_time": 36000000}'},
    ),
}

# One event each that no column holds, and the field that is wrong.
PUT_ASIDE = {
    "count over 65,535": ({"count": 65_536}, "count"),
    "negative count": ({"count": -1}, "count"),
    "duration of 2^32": ({"duration": 2**32}, "duration"),
    "duration of 2^70": ({"duration": 2**70}, "duration"),
    **{f"{name} of 2^63": ({name: 2**63}, name) for name in ID_FIELDS},
    **{f"{name} of 2^70": ({name: 2**70}, name) for name in ID_FIELDS},
    **{f"{name} negative": ({name: -1}, name) for name in ID_FIELDS},
    "before 1900": ({"timestamp": LONG_AGO}, "timestamp"),
    "year 1": ({"timestamp": "0001-01-01T00:00:00Z"}, "timestamp"),
    "deep nesting in a payload": ({"payload": "[" * 2000 + "]" * 2000}, "payload"),
}

# What CVAT and we read in one way, whatever it looks like.
TAKEN = {
    "1969": {"timestamp": "1969-12-01T00:00:00Z"},
    "fraction of zeros": {"count": "5.0"},
    "ids of who sent it": {"user_id": 2**70, "org_id": -1},
}
