"""The browser's logger in Chromium: what was on the disk arrives once, whatever happens to the page, the network and
the clock, and hours are those of a run without disturbance."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Error

from clients.conftest import CLOCK, WRONG_CLOCK, Host, crash, send, settle
from support import ROOT
from support.front import DROP, LOSE_ANSWER, PASS
from support.server import Server, wait_for

SCOPES = re.findall(r"'([a-z]+:[a-z_]+)'", (ROOT / "clients/browser/src/scopes.ts").read_text())
HOUR_MS = 3_600_000
# Two pages of one system differ by what the system's clock is set by meanwhile; some milliseconds.
CLOCKS_MS = 50


def test_every_scope_arrives(host: Host) -> None:
    page = host.open()
    assert len(SCOPES) == 34
    for scope in SCOPES:
        more = {"message": "m", "filename": "f", "stack": "s", "line": 1, "column": 2, "count": 1}
        page.evaluate("([scope, more]) => logger.log(scope, more).persisted", [scope, more])
    assert send(page)
    stored = sorted(row[0] for row in host.rows("scope"))
    # It counts as working time, and is never stored.
    assert stored == sorted(set(SCOPES) - {"user:activity"})
    assert page.evaluate("errors") == []


def test_a_tab_that_crashes(host: Host) -> None:
    page = host.open()
    before = host.log(page, 1, n=20, gap_ms=20_000)
    crash(page)
    page = host.open()
    host.wait_for_ids(before)
    after = host.log(page, 21, n=5, gap_ms=30_000)
    assert send(page)
    assert host.ids() == before + after
    # The time between the two tabs is work, too; loading the page took real time beside the 24 gaps.
    assert 0 <= host.hours_ms() - (20 * 20_000 + 4 * 30_000) < 20_000
    assert abs(host.hours_ms() - host.undisturbed_hours_ms()) <= CLOCKS_MS


def test_a_tab_that_crashes_while_its_batch_is_answered(host: Host) -> None:
    page = host.open()
    settle(page)
    ids = host.log(page, 1, n=20, gap_ms=20_000)
    host.front.fate = lambda body: LOSE_ANSWER
    assert not send(page)
    crash(page)
    host.front.fate = lambda body: PASS
    page = host.open()
    wait_for("the retry", lambda: len(host.front.bodies) > 1)
    ids += host.log(page, 21, n=3, gap_ms=20_000)
    assert send(page)
    assert host.ids() == ids
    assert abs(host.hours_ms() - host.undisturbed_hours_ms()) <= CLOCKS_MS


def test_an_hour_without_network(host: Host) -> None:
    page = host.open()
    ids = host.log(page, 1, n=5, gap_ms=20_000)
    assert send(page)
    host.context.set_offline(True)
    # 240 events in 66 minutes; the page tries again and again.
    for first in range(6, 246, 10):
        ids += host.log(page, first, n=10, gap_ms=15_000)
        assert not send(page)
        host.tick(15_000)
    assert host.ids() == ids[:5]
    host.context.set_offline(False)
    host.wait_for_ids(ids)
    assert host.hours_ms() == host.undisturbed_hours_ms()
    assert host.hours_ms() > 0.9 * HOUR_MS


def test_a_night_without_network_and_a_new_page(host: Host) -> None:
    page = host.open()
    host.context.set_offline(True)
    ids = host.log(page, 1, n=50, gap_ms=40_000)
    page.close()
    host.context.set_offline(False)
    page = host.open(begin=False)
    host.tick(12 * HOUR_MS)
    host.begin(page)
    host.wait_for_ids(ids)
    ids += host.log(page, 51, n=2, gap_ms=10_000)
    assert send(page)
    assert host.ids() == ids
    # The night is no work.
    assert abs(host.hours_ms() - host.undisturbed_hours_ms()) <= CLOCKS_MS
    # Yesterday's events are of yesterday, and today's of today.
    [[night_s]] = host.ask(
        "SELECT dateDiff('second', maxIf(timestamp, obj_id = 50), minIf(timestamp, obj_id = 51)) FROM events"
        f" WHERE {host.mine}"
    )
    assert abs(int(night_s) - 12 * 3600 - 40) < 30


@pytest.mark.parametrize("has_locks", [True, False])
def test_two_tabs(host: Host, has_locks: bool) -> None:
    script = CLOCK if has_locks else CLOCK + "Object.defineProperty(navigator, 'locks', { value: undefined });"
    tabs = [host.open(script), host.open(script)]
    ids = []
    for first in range(1, 121, 5):
        page = tabs[first // 5 % 2]
        ids += host.log(page, first, n=5, gap_ms=7_000)
        if first % 20 == 1:
            # Both want to send at once.
            for tab in tabs:
                tab.evaluate("void logger.send()")
    for tab in tabs:
        assert send(tab)
    assert host.ids() == ids
    # No batch has what another one had.
    sent = [event["obj_id"] for body in host.front.bodies for event in body["events"]]
    assert sorted(sent) == ids
    # Nothing is counted twice, and nothing between the tabs is left out.
    assert abs(host.hours_ms() - host.span_ms()) <= CLOCKS_MS
    assert abs(host.hours_ms() - host.undisturbed_hours_ms()) <= CLOCKS_MS


def test_two_tabs_and_one_crashes(host: Host) -> None:
    first, second = host.open(), host.open()
    ids = [
        *host.log(first, 1, n=5, gap_ms=3_000),
        *host.log(second, 6, n=5, gap_ms=3_000),
        *host.log(first, 11, n=5, gap_ms=3_000),
    ]
    crash(first)
    ids += host.log(second, 16, n=5, gap_ms=3_000)
    assert send(second)
    assert host.ids() == ids
    assert abs(host.hours_ms() - host.undisturbed_hours_ms()) <= CLOCKS_MS


def test_a_clock_that_is_wrong(host: Host) -> None:
    page = host.open(WRONG_CLOCK)
    ids = host.log(page, 1, n=10, gap_ms=30_000)
    assert send(page)
    assert host.ids() == ids
    assert host.hours_ms() == host.undisturbed_hours_ms()
    [[age_s]] = host.ask(
        f"SELECT dateDiff('second', max(timestamp), now()) FROM events WHERE source = 'client' AND {host.mine}"
    )
    assert abs(int(age_s) - 30) < 20


@pytest.mark.parametrize("is_answered", [True, False])
@pytest.mark.parametrize("jump_ms", [HOUR_MS, -2 * HOUR_MS, 20_000])
def test_a_clock_that_jumps(host: Host, jump_ms: int, is_answered: bool) -> None:
    """Whether the jump comes before or after the first answer of the server."""
    page = host.open()
    ids = host.log(page, 1, n=5, gap_ms=20_000)
    if is_answered:
        assert send(page)
    ids += host.log(page, 6, n=5, gap_ms=20_000)
    page.evaluate(f"moved.set = {jump_ms}")
    ids += host.log(page, 11, n=5, gap_ms=20_000)
    assert send(page)
    assert host.ids() == ids
    if is_answered or jump_ms < 0:
        # To the millisecond: the stamps are of a clock that did not jump.
        assert host.hours_ms() == host.undisturbed_hours_ms()
        assert abs(host.hours_ms() - 14 * 20_000) < 10_000
    else:
        # A jump before the server has said its time is taken for a sleep. It may have said it: the first batch goes
        # after two seconds.
        pause_ms = jump_ms + 20_000
        slept = 13 * 20_000 + (pause_ms if pause_ms < 100_000 else 0)
        assert min(abs(host.hours_ms() - expected) for expected in (slept, 14 * 20_000)) < 10_000


def test_a_computer_that_sleeps(host: Host) -> None:
    """The page's clock stands still meanwhile; the system's and the server's do not, so the server's is moved here."""
    page = host.open()
    ids = host.log(page, 1, n=5, gap_ms=20_000)
    assert send(page)
    ids += host.log(page, 6, n=5, gap_ms=20_000)
    page.evaluate(f"moved.set = {HOUR_MS}")
    host.front.ahead_s = 3600
    ids += host.log(page, 11, n=5, gap_ms=20_000)
    assert send(page)
    assert host.ids() == ids
    # The hour is no work.
    assert abs(host.hours_ms() - 13 * 20_000) < 10_000


def test_logout(host: Host, shared_server: Server) -> None:
    page = host.open()
    ids = host.log(page, 1, n=3)
    assert page.evaluate("logger.logout()")
    assert host.ids() == ids
    page = host.open()
    # The server does not know the session any more.
    host.front.fate = lambda body: (401, {})
    ids += host.log(page, 4, n=3)
    assert not page.evaluate("logger.logout()")
    host.front.fate = lambda body: PASS
    # Another one logs in on the same browser: nothing of the first one's is sent in another name.
    bert = Host(host.front, host.context, shared_server.add_user("bert"), host.admin)
    page = bert.open()
    of_bert = bert.log(page, 100, n=2)
    assert page.evaluate("logger.logout()")
    assert bert.ids() == of_bert
    assert host.ids() == ids[:3]
    page = host.open()
    host.wait_for_ids(ids)


def test_a_page_that_is_closed(host: Host) -> None:
    page = host.open()
    # A page that knows no clock yet leaves its events to the next one.
    settle(page)
    page.evaluate("Promise.all([1, 2, 3].map((id) => logger.log('draw:object', { obj_id: id }).persisted))")
    page.goto("about:blank")
    host.wait_for_ids([1, 2, 3])
    # The answer was seen by nobody: the next page sends them again, and they are known.
    page = host.open()
    assert send(page)
    assert host.ids() == [1, 2, 3]


def test_an_event_of_an_attempted_batch_is_never_merged_into(host: Host) -> None:
    page = host.open()
    settle(page)
    host.front.fate = lambda body: LOSE_ANSWER
    page.evaluate("for (let i = 0; i < 5; i++) logger.log('zoom:image', { job_id: 7 })")
    frame = "({ from, to }) => logger.log('change:frame', { from, to, step: 1, count: 1, job_id: 7 }).persisted"
    for at in range(4):
        page.evaluate(frame, {"from": at, "to": at + 1})
    assert not send(page)
    for at in range(4, 6):
        page.evaluate(frame, {"from": at, "to": at + 1})
    host.front.fate = lambda body: PASS
    wait_for("the retry", lambda: page.evaluate("logger.send()"), interval_s=0.2)
    assert sorted((row[0], int(row[2] or 0)) for row in host.rows()) == [
        ("change:frame", 2),
        ("change:frame", 4),
        ("load:job", 0),
        ("zoom:image", 5),
    ]
    # The same batch again, to the letter, and what came later on its own.
    attempts = [body["events"] for body in host.front.bodies[1:] if body["events"]]
    assert attempts[0] == attempts[1]
    assert len(attempts[0]) == 2
    assert host.hours_ms() == host.undisturbed_hours_ms()


def test_repeats_are_one_event(host: Host) -> None:
    page = host.open()
    settle(page)
    for step in range(5):
        page.evaluate("(n) => logger.log('zoom:image', { level: n }).persisted", step)
    for _ in range(3):
        page.evaluate("logger.exception(Object.assign(new Error('again'), { stack: 'at x' })).persisted")
    assert send(page)
    rows = {row[0]: row for row in host.rows()}
    assert len(rows) == 3
    assert int(rows["zoom:image"][2]) == 5
    assert '"level": 4' in rows["zoom:image"][4]
    assert int(rows["send:exception"][2]) == 3
    assert "lastTimestamp" in rows["send:exception"][4]


def test_what_is_refused_holds_up_nothing(host: Host) -> None:
    page = host.open()
    host.front.fate = lambda body: (400, {}) if any(event.get("obj_id") == 3 for event in body["events"]) else PASS
    host.log(page, 1, n=6)
    assert send(page)
    assert host.ids() == [1, 2, 4, 5, 6]
    [refused] = page.evaluate("errors.flatMap((error) => error.events)")
    assert '"obj_id":3' in refused


def test_a_busy_server_is_left_alone(host: Host) -> None:
    page = host.open()
    settle(page)
    host.front.fate = lambda body: (503, {"Retry-After": "2"})
    ids = host.log(page, 1, n=3)
    assert not send(page)
    for _ in range(10):
        assert not send(page)
    assert len(host.front.bodies) == 2
    host.front.fate = lambda body: PASS
    host.wait_for_ids(ids)


def test_previous_event_is_the_last_of_the_batch_before(host: Host) -> None:
    page = host.open()
    settle(page)
    host.log(page, 1, n=3, gap_ms=5_000)
    assert send(page)
    host.log(page, 4, n=2, gap_ms=5_000)
    host.front.fate = lambda body: DROP
    assert not send(page)
    host.front.fate = lambda body: PASS
    wait_for("the retry", lambda: page.evaluate("logger.send()"), interval_s=0.2)
    # The browser itself may try again on another connection.
    first, dropped, *again = [body for body in host.front.bodies[1:] if body["events"]]
    for body in (dropped, *again):
        assert body["events"] == dropped["events"]
        last = {key: value for key, value in first["events"][-1].items() if key != "payload"}
        assert body["previous_event"] == last
    assert host.hours_ms() == host.undisturbed_hours_ms()


def test_without_a_disk(host: Host) -> None:
    page = host.open(CLOCK + "indexedDB.open = () => { throw new DOMException('no', 'SecurityError'); };")
    assert not page.evaluate("logger.log('draw:object', { obj_id: 1 }).persisted")
    assert send(page)
    assert host.ids() == [1]


def test_a_login_by_cookie(host: Host) -> None:
    page = host.open(begin=False)
    page.evaluate(
        """(body) => fetch('/api/auth/login', {
          method: 'POST', body: JSON.stringify(body), headers: { 'Content-Type': 'application/json' },
        })""",
        {"username": host.user.name, "password": host.user.password},
    )
    page.evaluate("() => void begin()")
    ids = host.log(page, 1, n=2)
    assert send(page)
    assert host.ids() == ids


def test_exceptions(host: Host) -> None:
    page = host.open()
    page.evaluate("void setTimeout(() => { throw new RangeError('nobody caught it'); })")
    page.evaluate("void Promise.reject(new Error('no handler'))")
    page.evaluate("void logger.exception(new TypeError('caught'))")
    # An exception is sent without anybody asking for it.
    wait_for("the exceptions", lambda: len(host.rows()) == 3, interval_s=0.1)
    messages = host.ask(
        f"SELECT JSONExtractString(payload, 'message') FROM events WHERE {host.mine} AND scope = 'send:exception'"
        " AND JSONExtractString(payload, 'stack') != '' AND JSONExtractInt(payload, 'line') > 0"
        " AND JSONHas(payload, 'filename') AND JSONHas(payload, 'column')"
        " AND JSONExtractString(payload, 'client') = 'Chrome' AND JSONExtractString(payload, 'system') LIKE '%Linux%'"
    )
    assert sorted(row[0] for row in messages) == ["caught", "no handler", "nobody caught it"]


def test_activity_counts_and_is_not_stored(host: Host) -> None:
    page = host.open()
    page.evaluate("(window.job = logger.job({ project_id: 1, task_id: 2, job_id: 3 }), 0)")
    page.evaluate("job.log('load:job').persisted")
    for position in range(5):
        host.tick(70_000)
        page.mouse.move(10 + position, 10)
        page.mouse.move(20 + position, 20)
    host.tick(70_000)
    page.evaluate("job.log('save:job').persisted")
    assert page.evaluate("job.saved()")
    rows = host.rows("scope, project_id, task_id, job_id")
    assert sorted(row[0] for row in rows) == ["load:job", "save:job"]
    assert {tuple(map(int, row[1:])) for row in rows} == {(1, 2, 3)}
    assert abs(host.hours_ms() - 6 * 70_000) < 5_000
    assert page.evaluate("job.leave()")


def test_timed_events_and_checks(host: Host) -> None:
    page = host.open(isDevelopment=True)
    page.evaluate("(window.drawn = logger.task({ task_id: 5 }).start('draw:object', { obj_name: 'rectangle' }), 0)")
    host.tick(2_500)
    page.evaluate("drawn.close({ count: 1 }).persisted")
    page.evaluate("drawn.close({ count: 9 })")
    for wrong in ("('delete:object', {})", "('delete:object', { count: 0 })", "('no:scope')", "('send:exception', {})"):
        with pytest.raises(Error, match="TypeError"):
            page.evaluate(f"logger.log{wrong}")
    with pytest.raises(Error, match="circular"):
        page.evaluate("(() => { const a = {}; a.a = a; logger.log('debug:info', { a }); })()")
    assert send(page)
    [[scope, _, count, duration, _]] = host.rows()
    assert (scope, int(count)) == ("draw:object", 1)
    assert 2_500 <= int(duration) < 10_000


def test_ten_thousand_events_are_cheap(host: Host) -> None:
    page = host.open(script="")
    settle(page)
    session = host.context.new_cdp_session(page)
    # The time that the page's thread works, whatever else the cores do.
    session.send("Performance.enable", {"timeDomain": "threadTicks"})

    def thread_s() -> float:
        metrics = session.send("Performance.getMetrics")["metrics"]
        return next(metric["value"] for metric in metrics if metric["name"] == "TaskDuration")

    before_s = thread_s()
    assert page.evaluate("""() => {
      let last;
      for (let obj_id = 1; obj_id <= 10_000; obj_id++) {
        last = logger.log('click:element', { obj_id, obj_val: 'Save', location: '/tasks/1/jobs/2' });
      }
      return last.persisted;
    }""")
    # With what it takes to have them on the disk.
    one_us = (thread_s() - before_s) / 10_000 * 1e6
    print(f"one event: {one_us:.1f} µs")
    assert 0 < one_us < 20
    wait_for("all to be sent", lambda: send(page), deadline_s=60)
    assert host.ids() == list(range(1, 10_001))
