"""Accounts by the command line, before the first start and while the server runs; every change takes effect at once."""

from __future__ import annotations

import re
import stat
from pathlib import Path

import pytest
import requests

from support import events, exports
from support.server import Server, User, add_user, run_cli, wait_for


def login(server: Server, name: str, password: str) -> requests.Response:
    return requests.get(f"{server.url}/api/users/self", auth=(name, password), timeout=10)


def with_token(server: Server, token: str, scheme: str = "Token") -> requests.Response:
    headers = {"Authorization": f"{scheme} {token}"}
    return requests.get(f"{server.url}/api/users/self", headers=headers, timeout=10)


def test_before_the_first_start(make_server) -> None:
    server = make_server()
    anna = add_user(server.data_dir, "anna", "business")
    assert (server.data_dir / "state.sqlite").is_file()
    server.start()
    assert login(server, *anna.basic).json()["groups"] == ["business"]
    assert with_token(server, anna.token).json()["username"] == "anna"
    # There is an account already: no admin password is made up.
    assert "password" not in server.log().lower()


def test_while_the_server_runs(server: Server) -> None:
    assert login(server, "anna", "nothing").status_code == 401
    anna = server.add_user("anna")
    answer = login(server, *anna.basic)
    assert answer.status_code == 200
    assert answer.json()["username"] == "anna"
    assert answer.json()["email"] == "anna@example.com"
    assert with_token(server, anna.token).status_code == 200
    # The same as `Bearer`, as newer clients send it.
    assert with_token(server, anna.token, "Bearer").status_code == 200


@pytest.mark.parametrize("privilege", ["admin", "business", "user", "worker"])
def test_privileges(server: Server, privilege: str) -> None:
    user = server.add_user("anna", privilege)
    answer = login(server, *user.basic).json()
    assert answer["groups"] == [privilege]
    assert answer["is_superuser"] == (privilege == "admin")


def test_a_new_password_counts_at_once(server: Server, anna: User) -> None:
    # Remembered for 60 s from here on; the change must forget it.
    assert login(server, *anna.basic).status_code == 200
    options = ("--password-stdin", "--data-dir", str(server.data_dir))
    assert run_cli("user", "passwd", "anna", *options, stdin="entirely new\n").returncode == 0
    assert login(server, *anna.basic).status_code == 401
    assert login(server, "anna", "entirely new").status_code == 200


def test_a_new_password_ends_sessions(server: Server, anna: User) -> None:
    with requests.Session() as session:
        credentials = {"username": anna.name, "password": anna.password}
        assert session.post(f"{server.url}/api/auth/login", json=credentials, timeout=10).status_code == 200
        assert session.get(f"{server.url}/api/users/self", timeout=10).status_code == 200
        options = ("--password-stdin", "--data-dir", str(server.data_dir))
        assert run_cli("user", "passwd", "anna", *options, stdin="entirely new\n").returncode == 0
        assert session.get(f"{server.url}/api/users/self", timeout=10).status_code == 401


def test_a_removed_user_is_out_at_once(server: Server, anna: User) -> None:
    assert login(server, *anna.basic).status_code == 200
    assert with_token(server, anna.token).status_code == 200
    assert run_cli("user", "remove", "anna", "--data-dir", str(server.data_dir)).returncode == 0
    assert login(server, *anna.basic).status_code == 401
    assert with_token(server, anna.token).status_code == 401
    again = run_cli("user", "remove", "anna", "--data-dir", str(server.data_dir))
    assert again.returncode != 0
    assert "anna" in again.stderr


def test_ids(server: Server, admin: User) -> None:
    """An id may be given, so that rows agree with an existing CVAT; ids are never used twice."""
    first = server.add_user("anna", "user", "--id", "4711")
    assert login(server, *first.basic).json()["id"] == 4711
    events.send(server, first, [events.event()])
    assert [row["user_id"] for row in exports.rows(server, admin)] == ["4711"]

    taken = run_cli(
        *("user", "add", "bert", "--email", "b@example.com", "--privilege", "user", "--id", "4711"),
        *("--password-stdin", "--data-dir", str(server.data_dir)),
        stdin="secret\n",
    )
    assert taken.returncode != 0
    assert "4711" in taken.stderr

    assert run_cli("user", "remove", "anna", "--data-dir", str(server.data_dir)).returncode == 0
    second = server.add_user("carla")
    assert login(server, *second.basic).json()["id"] != 4711
    assert exports.rows(server, second) == []


def test_list(server: Server, admin: User, anna: User) -> None:
    listed = run_cli("user", "list", "--data-dir", str(server.data_dir))
    assert listed.returncode == 0
    lines = listed.stdout.splitlines()
    for user, privilege in ((admin, "admin"), (anna, "user")):
        assert [line for line in lines if user.name in line and privilege in line and user.email in line], listed.stdout
        assert user.token not in listed.stdout


BAD_ACCOUNTS = {
    "taken name": ("anna", "a@example.com", "user", "secret\n", "anna"),
    "no name": ("", "a@example.com", "user", "secret\n", "name"),
    "unknown privilege": ("bert", "b@example.com", "king", "secret\n", "king"),
    "no password": ("bert", "b@example.com", "user", "", "password"),
    "empty password": ("bert", "b@example.com", "user", "\n", "password"),
    "colon in the name": ("be:rt", "b@example.com", "user", "secret\n", "name"),
}


@pytest.mark.parametrize(("name", "email", "privilege", "stdin", "named"), BAD_ACCOUNTS.values(), ids=BAD_ACCOUNTS)
def test_bad_accounts(tmp_path: Path, name: str, email: str, privilege: str, stdin: str, named: str) -> None:
    add_user(tmp_path / "data", "anna")
    options = ("--email", email, "--privilege", privilege, "--password-stdin", "--data-dir", str(tmp_path / "data"))
    refused = run_cli("user", "add", name, *options, stdin=stdin)
    assert refused.returncode != 0
    assert named in refused.stderr
    assert "panicked" not in refused.stderr


def test_anonymous(server: Server) -> None:
    for method, path in (
        ("GET", "/api/events"),
        ("POST", "/api/events"),
        ("POST", "/api/events/export"),
        ("GET", "/api/requests"),
        ("GET", "/api/events/download?rq_id=x"),
        ("GET", "/api/users/self"),
    ):
        answer = requests.request(method, server.url + path, timeout=10)
        assert answer.status_code == 401, path
        assert answer.json() == {"detail": "Authentication credentials were not provided."}
        assert "Token" in answer.headers["WWW-Authenticate"]


BAD_CREDENTIALS = {
    "wrong password": "Basic YW5uYTp3cm9uZw==",
    "unknown user": "Basic bm9ib2R5Ondyb25n",
    "not base64": "Basic !!!",
    "no colon": "Basic YW5uYQ==",
    "wrong token": "Token 0123456789abcdef",
    "empty token": "Token ",
    "wrong access token": "Bearer 0123456789abcdef",
    "unknown scheme": "Digest abc",
}


@pytest.mark.parametrize("authorization", BAD_CREDENTIALS.values(), ids=BAD_CREDENTIALS)
def test_bad_credentials(server: Server, anna: User, authorization: str) -> None:
    for method in ("GET", "POST"):
        url = f"{server.url}/api/events"
        sent = events.body([events.event()])
        answer = requests.request(method, url, json=sent, headers={"Authorization": authorization}, timeout=10)
        assert answer.status_code == 401
        assert answer.json()["detail"]
        assert answer.headers["WWW-Authenticate"]
    assert exports.rows(server, anna) == []


def test_a_non_ascii_password(server: Server) -> None:
    user = server.add_user("jürgen", password="pä:ss wörd €")
    credentials = tuple(text.encode() for text in user.basic)
    answer = requests.get(f"{server.url}/api/users/self", auth=credentials, timeout=10)
    assert answer.status_code == 200
    assert answer.json()["username"] == "jürgen"


def test_many_wrong_passwords_do_not_stop_the_others(server: Server, anna: User) -> None:
    """At most two verifications at once; a token needs none."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(16) as pool:
        guesses = [pool.submit(login, server, "anna", f"guess {number}") for number in range(16)]
        assert with_token(server, anna.token).elapsed.total_seconds() < 2
        # A limit on attempts may answer 429, or 503 when too many wait.
        assert {guess.result().status_code for guess in guesses} <= {401, 429, 503}
    # That name has to wait a moment at that address; other names do not.
    assert login(server, *server.add_user("omar").basic).status_code == 200
    wait_for("anna to be let in again", lambda: login(server, *anna.basic).status_code == 200)


def test_secrets_are_not_on_disk(server: Server, anna: User) -> None:
    login(server, *anna.basic)
    server.stop()
    for path in server.data_dir.rglob("*"):
        if path.is_file():
            content = path.read_bytes()
            assert anna.password.encode() not in content, path
            assert anna.token.encode() not in content, path
    assert anna.password not in server.log()
    assert anna.token not in server.log()
    # Nobody else on the machine reads who worked when.
    assert stat.S_IMODE((server.data_dir / "state.sqlite").stat().st_mode) & 0o077 == 0


def test_the_first_start_makes_an_admin(server: Server) -> None:
    """Printed once, and never again."""
    [line] = [line for line in server.log().splitlines() if "password" in line.lower()]
    words = re.findall(r"[\w-]{12,}", re.sub(r"\x1b\[[0-9;]*m", "", line))
    answers = {word: login(server, "admin", word).status_code for word in words}
    assert 200 in answers.values(), line
    [password] = [word for word, status in answers.items() if status == 200]
    assert login(server, "admin", password).json()["groups"] == ["admin"]
    server.stop()
    server.start()
    assert server.log().count(password) == 1
    assert login(server, "admin", password).status_code == 200
