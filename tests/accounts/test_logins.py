"""Attacks on logins: guessing, asking which names there are, planted sessions, requests that other sites make."""

from __future__ import annotations

import statistics
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests

from support import events, exports
from support.server import Server, User, wait_for

METHODS = ("POST", "PUT", "PATCH", "DELETE")


def by_form(server: Server, name: str, password: str, **headers: str) -> requests.Response:
    body = {"username": name, "password": password}
    return requests.post(f"{server.url}/api/auth/login", json=body, headers=headers, timeout=30)


def by_basic(server: Server, name: str, password: str, **headers: str) -> requests.Response:
    return requests.get(f"{server.url}/api/users/self", auth=(name, password), headers=headers, timeout=30)


WAYS = {"form": by_form, "Basic": by_basic}
# How a wrong password is answered.
WRONG = {"form": 400, "Basic": 401}


# Brute force.


def test_guesses_under_any_name_do_not_lock_out_who_is_known(server: Server, admin: User) -> None:
    """As behind a proxy that is not named: everybody has one address."""
    assert by_form(server, *admin.basic).status_code == 200
    bert = server.add_user("bert")
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: by_form(server, f"name{n}", "wrong"), range(70)))
    assert by_form(server, "name99", "wrong").status_code == 429
    assert by_form(server, *bert.basic).status_code == 429, "he was never here"
    assert by_form(server, *admin.basic).status_code == 200
    # Known from there after a restart, too, and by either way.
    server.stop()
    server.start()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda n: by_form(server, f"name{n}", "wrong"), range(70)))
    assert by_form(server, *bert.basic).status_code == 429
    assert by_basic(server, *admin.basic).status_code == 200
    # Not everything is let through: guesses at the known name wait, for seconds.
    server.stop()
    server.start()
    answers = [by_form(server, admin.name, f"guess {n}") for n in range(8)]
    assert answers[-1].status_code == 429
    assert all(int(answer.headers["Retry-After"]) <= 8 for answer in answers if answer.status_code == 429)


def test_an_untrusted_proxy_is_warned_of(server: Server, admin: User) -> None:
    def listed() -> str | None:
        answer = requests.get(f"{server.url}/api/admin/users", headers=admin.headers, timeout=10)
        return answer.json()["untrusted_proxy"]

    assert listed() is None
    assert server.metric("annoscope_forwarded_by_untrusted_proxy_total") == 0
    for n in range(5):
        headers = {"X-Forwarded-For": f"198.51.100.{n}"}
        assert requests.get(f"{server.url}/healthz", headers=headers, timeout=10).status_code == 200
    assert listed() == "127.0.0.1"
    assert server.metric("annoscope_forwarded_by_untrusted_proxy_total") == 5
    assert server.log().count("proxy.trusted does not name") == 1


def test_a_named_proxy_is_not_warned_of(make_server) -> None:
    server = make_server(proxy_trusted="127.0.0.1").start()
    headers = {"X-Forwarded-For": "198.51.100.1"}
    assert requests.get(f"{server.url}/healthz", headers=headers, timeout=10).status_code == 200
    assert server.metric("annoscope_forwarded_by_untrusted_proxy_total") == 0
    assert "proxy.trusted" not in server.log()


@pytest.mark.parametrize("way", WAYS)
def test_guesses_are_delayed(server: Server, anna: User, way: str) -> None:
    log_in = WAYS[way]
    answers = []
    while len(answers) < 20 and (not answers or answers[-1].status_code != 429):
        answers.append(log_in(server, anna.name, f"guess {len(answers)}"))
    assert {answer.status_code for answer in answers[:-1]} == {WRONG[way]}
    assert 5 <= len(answers) <= 8
    refused = answers[-1]
    assert 1 <= int(refused.headers["Retry-After"]) <= 60
    assert "Set-Cookie" not in refused.headers
    # The right one tells no more than a wrong one now; what is no password is not held up.
    assert log_in(server, anna.name, anna.password).status_code == 429
    assert log_in(server, anna.name.upper(), "guess").status_code == 429
    assert requests.get(f"{server.url}/api/users/self", headers=anna.headers, timeout=10).status_code == 200
    # Nor is somebody else at the same address.
    bert = server.add_user("bert")
    assert log_in(server, *bert.basic).status_code == 200
    wait_for("the delay to end", lambda: log_in(server, *anna.basic).status_code == 200, interval_s=0.2)


def test_delays_grow(server: Server, anna: User) -> None:
    waits: list[int] = []
    while len(waits) < 3:
        answer = by_basic(server, anna.name, "wrong")
        if answer.status_code == 429:
            waits.append(int(answer.headers["Retry-After"]))
            still = waits[-1]
            wait_for(
                "the delay to end",
                lambda: by_basic(server, anna.name, "wrong").status_code == 401,
                deadline_s=still + 10,
                interval_s=0.1,
            )
    assert waits == [1, 2, 4]


def test_guesses_at_once_get_no_further_than_one_by_one(server: Server, anna: User) -> None:
    with ThreadPoolExecutor(16) as pool:
        guesses = [pool.submit(by_basic, server, anna.name, f"guess {number}") for number in range(48)]
        statuses = [guess.result().status_code for guess in guesses]
    # Five are free, two are verified at a time, and the delay of a second may end meanwhile.
    assert set(statuses) <= {401, 429, 503}
    assert statuses.count(401) <= 12


def test_a_password_is_not_guessed_with_a_stolen_login(server: Server, anna: User) -> None:
    key = by_form(server, *anna.basic).json()["key"]
    headers = {"Authorization": f"Token {key}"}
    statuses = []
    for number in range(10):
        body = {"old_password": f"guess {number}", "new_password1": "mine", "new_password2": "mine"}
        answer = requests.post(f"{server.url}/api/auth/password/change", json=body, headers=headers, timeout=30)
        statuses.append(answer.status_code)
    assert statuses[0] == 400
    assert statuses[-1] == 429


def test_nobody_is_shut_out_by_guesses_from_elsewhere(make_server) -> None:
    server = make_server(proxy_trusted="127.0.0.1").start()
    anna = server.add_user("anna")
    there, here = ({"X-Forwarded-For": address} for address in ("192.0.2.1", "192.0.2.2"))
    statuses = [by_basic(server, anna.name, "wrong", **there).status_code for _ in range(10)]
    assert statuses[-1] == 429
    assert by_basic(server, *anna.basic, **here).status_code == 200


def test_one_address_does_not_try_one_password_on_all_names(server: Server) -> None:
    with ThreadPoolExecutor(4) as pool:
        tries = [pool.submit(by_basic, server, f"name {number}", "123456") for number in range(60)]
        statuses = [one.result().status_code for one in tries]
    assert statuses.count(429) >= 1
    assert statuses.count(401) <= 56


# Which names there are.


def seconds(way: str, server: Server, name: str, number: int) -> float:
    """How long the refusal of a wrong password takes; each try from an address of its own, so that none has to wait."""
    address = f"10.{number >> 16 & 255}.{number >> 8 & 255}.{number & 255}"
    begin = time.perf_counter()
    answer = WAYS[way](server, name, "wrong", **{"X-Forwarded-For": address})
    taken = time.perf_counter() - begin
    assert answer.status_code == WRONG[way], answer.text
    return taken


@pytest.mark.parametrize("way", WAYS)
def test_refusals_do_not_tell_which_names_there_are(make_server, way: str) -> None:
    """Not by the text, and not by the time: medians within 30 %, of tries in turn, on a machine that has more to do.

    Only a difference that shows in three rounds counts: one of a kind would, whatever else runs.
    """
    server = make_server(proxy_trusted="127.0.0.1").start()
    known = [server.add_user(f"known-{number}").name for number in range(4)]
    server.add_user("gone")
    server.cli("user", "set", "gone", "--active", "false")
    texts = {WAYS[way](server, name, "wrong").text for name in (known[0], "nobody", "gone")}
    assert len(texts) == 1
    ratios = []
    for round_ in range(3):
        times: dict[str, list[float]] = {"known": [], "unknown": []}
        for number in range(16):
            unique = round_ * 100 + number
            times["known"].append(seconds(way, server, known[number % len(known)], 2 * unique))
            times["unknown"].append(seconds(way, server, f"unknown-{unique}", 2 * unique + 1))
        ratios.append(statistics.median(times["known"]) / statistics.median(times["unknown"]))
        if 1 / 1.3 <= ratios[-1] <= 1.3:
            return
    raise AssertionError(f"known names take {ratios} times as long as unknown ones")


# Sessions.


def test_a_planted_session_is_never_taken(server: Server, anna: User) -> None:
    planted = {"sessionid": "0123456789abcdef0123456789abcdef", "csrftoken": "planted"}
    url = f"{server.url}/api/users/self"
    assert requests.get(url, cookies=planted, timeout=10).status_code == 401
    body = {"username": anna.name, "password": anna.password}
    login = requests.post(f"{server.url}/api/auth/login", json=body, cookies=planted, timeout=10)
    assert login.status_code == 200
    assert {login.cookies[name] for name in planted}.isdisjoint(planted.values())
    assert requests.get(url, cookies=planted, timeout=10).status_code == 401
    # Each login is one of its own.
    again = by_form(server, *anna.basic)
    assert again.cookies["sessionid"] != login.cookies["sessionid"]
    assert again.cookies["csrftoken"] != login.cookies["csrftoken"]
    # A login does not end another one's, and a session id is as good for one user only.
    bert = server.add_user("bert")
    with_annas = requests.post(
        f"{server.url}/api/auth/login",
        json={"username": "bert", "password": bert.password},
        cookies=login.cookies.get_dict(),
        timeout=10,
    )
    assert with_annas.cookies["sessionid"] != login.cookies["sessionid"]
    assert requests.get(url, cookies=login.cookies, timeout=10).json()["username"] == "anna"
    assert requests.get(url, cookies=with_annas.cookies, timeout=10).json()["username"] == "bert"


def test_a_logout_ends_cookie_and_key(server: Server, anna: User) -> None:
    login = by_form(server, *anna.basic)
    cookies, key = login.cookies.get_dict(), {"Authorization": f"Token {login.json()['key']}"}
    headers = {"X-CSRFToken": cookies["csrftoken"]}
    out = requests.post(f"{server.url}/api/auth/logout", cookies=cookies, headers=headers, timeout=10)
    assert out.status_code == 200
    url = f"{server.url}/api/users/self"
    assert requests.get(url, cookies=cookies, timeout=10).status_code == 401
    assert requests.get(url, headers=key, timeout=10).status_code == 401
    assert requests.get(url, headers=anna.headers, timeout=10).status_code == 200


# Requests that another site makes a browser send.


def changing_routes(server: Server) -> list[tuple[str, str]]:
    """What the API's own description says changes something."""
    paths = requests.get(f"{server.url}/api/schema/", timeout=10).json()["paths"]
    return [(method.upper(), path) for path, found in paths.items() for method in found if method.upper() in METHODS]


def test_every_route_that_changes_something_asks_for_the_csrf_token(server: Server, admin: User) -> None:
    routes = changing_routes(server)
    # The one for those who have no session yet, and the one whose senders have none.
    routes.remove(("POST", "/api/auth/login"))
    routes.remove(("POST", "/api/webhooks/{source}"))
    assert len(routes) >= 20
    login, other = by_form(server, *admin.basic), by_form(server, *admin.basic)
    session, token = login.cookies["sessionid"], login.cookies["csrftoken"]
    theirs = other.cookies["csrftoken"]
    forgeries = [
        # The cookies, and the header.
        ({"sessionid": session, "csrftoken": token}, None),
        ({"sessionid": session, "csrftoken": token}, ""),
        ({"sessionid": session, "csrftoken": token}, "wrong"),
        ({"sessionid": session}, token),
        ({"sessionid": session, "csrftoken": "planted"}, "planted"),
        ({"sessionid": session, "csrftoken": theirs}, theirs),
    ]
    url = f"{server.url}/api/admin/users"
    before = requests.get(url, cookies=login.cookies, timeout=10).json()
    for method, path in routes:
        for name in ("id", "user_id", "token_id", "uid", "version", "name"):
            path = path.replace(f"{{{name}}}", "all-events" if name == "uid" else "1")
        assert "{" not in path
        for cookies, header in forgeries:
            headers = {} if header is None else {"X-CSRFToken": header}
            answer = requests.request(method, server.url + path, json={}, cookies=cookies, headers=headers, timeout=10)
            assert answer.status_code == 403, f"{method} {path} with {cookies} and {header!r}: {answer.status_code}"
            assert answer.json()["detail"].startswith("CSRF Failed"), answer.text
    # Nothing was done, least of all a logout or a new password.
    assert requests.get(url, cookies=login.cookies, timeout=10).json() == before
    assert by_form(server, *admin.basic).status_code == 200
    # With both it works.
    headers = {"X-CSRFToken": token}
    made = requests.post(url, json={"username": "new"}, cookies=login.cookies, headers=headers, timeout=10)
    assert made.status_code == 201


def test_a_header_beside_the_cookie_is_what_counts(server: Server, admin: User, anna: User) -> None:
    """A token needs no CSRF token, and a wrong one is not made good by a cookie."""
    login = by_form(server, *admin.basic)
    url, body = f"{server.url}/api/events", events.body([events.event()])
    sent = requests.post(url, json=body, cookies=login.cookies, headers=anna.headers, timeout=10)
    assert sent.status_code == 201
    assert [row["user_name"] for row in exports.rows(server, admin)] == ["anna"]
    wrong = {"Authorization": "Token wrong", "X-CSRFToken": login.cookies["csrftoken"]}
    assert requests.post(url, json=body, cookies=login.cookies, headers=wrong, timeout=10).status_code == 401


FORMS = ["application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "text/plain", ""]


@pytest.mark.parametrize("content_type", FORMS)
def test_no_other_site_logs_a_browser_in(server: Server, anna: User, content_type: str) -> None:
    """A form of another site sends these types, whatever it holds; all of JSON asks first, and is told nothing."""
    body = f'{{"username": "anna", "password": "{anna.password}"}}'
    headers = {"Content-Type": content_type}
    answer = requests.post(f"{server.url}/api/auth/login", data=body, headers=headers, timeout=10)
    assert answer.status_code == 415
    assert "Set-Cookie" not in answer.headers
    asked = {"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}
    preflight = requests.options(f"{server.url}/api/auth/login", headers=asked, timeout=10)
    assert preflight.status_code == 405
    assert not [name for name in preflight.headers if name.lower().startswith("access-control-")]
