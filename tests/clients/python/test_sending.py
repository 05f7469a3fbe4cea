"""What answers mean to the relay of clients/python, and how long it waits. No server is needed."""

from __future__ import annotations

import datetime as dt

import pytest
from annoscope_recorder import Backoff, Sender
from annoscope_recorder.sender import Refused, Stored, TryAgain, outcome, retry_after_s

NOW = dt.datetime(2024, 7, 1, 12, 0, 0, tzinfo=dt.UTC)


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        ((200, 201, 204), Stored),
        ((400, 413, 422), Refused),
        # The address, the token or something in between is wrong, and no event.
        ((301, 302, 401, 403, 404, 405, 407, 408, 415, 425, 429), TryAgain),
        ((500, 502, 503, 504, 507), TryAgain),
    ],
)
def test_an_answer_means(statuses: tuple[int, ...], expected: type) -> None:
    for status in statuses:
        assert type(outcome(status, "text", None, NOW)) is expected, status


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, None),
        ("7", 7.0),
        ("0", 0.0),
        ("99999999", 3_600.0),
        ("Mon, 01 Jul 2024 12:00:30 GMT", 30.0),
        ("Mon, 01 Jul 2024 11:00:00 GMT", 0.0),
        ("soon", None),
        ("-5", None),
        ("", None),
        # Without a zone: nobody knows when that is.
        ("Mon, 01 Jul 2024 12:00:30 -0000", None),
    ],
)
def test_retry_after(value: str | None, expected: float | None) -> None:
    assert retry_after_s(value, NOW) == expected


def test_waits_double_up_to_a_minute_and_begin_anew() -> None:
    backoff = Backoff(first_s=0.5, most_s=60.0, chance=lambda: 1.0)
    assert [backoff.failed() for _ in range(9)] == [0.5, 1, 2, 4, 8, 16, 32, 60, 60]
    assert backoff.failed(asked_s=100.0) == 100.0
    backoff.succeeded()
    assert backoff.failed() == 0.5
    least = Backoff(first_s=0.5, chance=lambda: 0.0)
    assert [least.failed(), least.failed()] == [0.25, 0.5]
    for _ in range(2_000):
        least.failed()
    assert least.failed() == 30.0


@pytest.mark.parametrize("url", ["", "localhost:8282", "ftp://localhost/", "http:///path"])
def test_what_is_no_address_is_an_error_at_once(url: str) -> None:
    with pytest.raises(ValueError, match="no address"):
        Sender(url)
