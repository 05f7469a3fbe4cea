"""The context of clients/python: from a request into background work. No server is needed."""

from __future__ import annotations

import asyncio
import json
import threading
import uuid
from concurrent.futures import ThreadPoolExecutor

import annoscope_recorder as recorder
from annoscope_recorder import Organization, User


def request_of(event: dict) -> str | None:
    return json.loads(event["payload"])["request"]["id"]


def test_each_request_has_an_id_of_its_own() -> None:
    with recorder.request() as one, recorder.request() as other:
        assert one.id != other.id
        assert uuid.UUID(one.id).version == 4
        assert request_of(recorder.create("task", {})) == other.id
    assert request_of(recorder.create("task", {})) is None


def test_who_asks_may_be_known_later() -> None:
    with recorder.request():
        assert "user_id" not in recorder.create("task", {})
        # Where a framework runs a dependency in a thread, with a copy of the context.
        with ThreadPoolExecutor(1) as pool:
            pool.submit(recorder.carrying(recorder.identify), User(1, "lena"), Organization(2, "acme")).result()
        event = recorder.create("task", {})
        assert (event["user_name"], event["org_slug"]) == ("lena", "acme")
    logged_in: list[User] = []
    with recorder.request(user=lambda: logged_in[0] if logged_in else None):
        assert "user_id" not in recorder.create("task", {})
        logged_in.append(User(3, "max", "max@example.com"))
        assert recorder.create("task", {})["user_email"] == "max@example.com"


def test_background_work_goes_on_in_the_request() -> None:
    events: list[dict] = []

    def work() -> None:
        events.append(recorder.create("task", {}))

    with recorder.request(user=lambda: User(1, "lena"), organization=Organization(2, "acme")) as context:
        # As the message of a queue is.
        message = json.loads(json.dumps(context.carry()))
        thread = threading.Thread(target=recorder.carrying(work))
    # The request is answered by now.
    thread.start()
    thread.join()
    with recorder.carried(message):
        work()
    with recorder.carried(None):
        work()
    assert [request_of(event) for event in events] == [context.id, context.id, None]
    assert [event.get("user_name") for event in events] == ["lena", "lena", None]
    assert [event.get("org_slug") for event in events] == ["acme", "acme", None]


def test_requests_that_run_at_once_do_not_mix() -> None:
    async def serve(barrier: asyncio.Barrier) -> tuple[str | None, str | None]:
        with recorder.request() as context:
            await barrier.wait()
            inner = await asyncio.to_thread(recorder.create, "task", {})
            return context.id, request_of(inner)

    async def all_at_once() -> list[tuple[str | None, str | None]]:
        barrier = asyncio.Barrier(10)
        return await asyncio.gather(*(serve(barrier) for _ in range(10)))

    pairs = asyncio.run(all_at_once())
    assert all(begun == recorded for begun, recorded in pairs)
    assert len(set(pairs)) == 10
