"""curl, as CVAT's documentation of analytics and of the API shows it."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path

from support import events, exports
from support.server import Server, User, wait_for


def curl(*args: str, cwd: Path | None = None) -> str:
    """Runs curl and returns what it printed."""
    done = subprocess.run(["curl", "--silent", "--show-error", *args], cwd=cwd, capture_output=True, timeout=60)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout.decode()


def status(head: str) -> int:
    """The status of the last answer in what `curl -I` or `-i` printed."""
    return int([line for line in head.splitlines() if line.startswith("HTTP/")][-1].split()[1])


def test_the_documented_export(server: Server, anna: User, tmp_path: Path) -> None:
    url = f"{server.url}/api/events"
    login = f"{anna.name}:{anna.password}"
    sent = json.dumps(events.body([events.event("load:job", job_id=7)]))
    answer = curl("--user", login, "-i", "-H", "Content-Type: application/json", "-d", sent, url)
    assert status(answer) == 201

    query_id = json.loads(curl("--user", login, url))["query_id"]

    def finished() -> bool:
        head = curl("--user", login, "-I", f"{url}?query_id={query_id}")
        assert status(head) in (201, 202), head
        return status(head) == 201

    wait_for("the export", finished)
    # -I again, with the action too: looking takes nothing away.
    head = curl("--user", login, "-I", f"{url}?query_id={query_id}&action=download")
    assert status(head) == 200
    assert "content-disposition: attachment" in head.lower()

    curl("--user", login, "-OJ", f"{url}?query_id={query_id}&action=download&filename=today.csv", cwd=tmp_path)
    # The name was settled by the request that started the export, which gave none.
    [path] = [path for path in tmp_path.iterdir() if path.suffix == ".csv"]
    assert path.name.startswith("logs_")
    assert [row["scope"] for row in exports.parse(path.read_bytes())] == ["load:job"]


def test_a_given_file_name(server: Server, anna: User, tmp_path: Path) -> None:
    login = f"{anna.name}:{anna.password}"
    url = f"{server.url}/api/events?filename=today.csv"
    query_id = json.loads(curl("--user", login, url))["query_id"]
    exports.finish(server, anna, query_id)
    curl("--user", login, "-OJ", f"{url}&query_id={query_id}&action=download", cwd=tmp_path)
    assert (tmp_path / "today.csv").is_file()


def test_get_with_a_token(server: Server, anna: User) -> None:
    answer = curl("-H", f"Authorization: Token {anna.token}", f"{server.url}/api/users/self")
    assert json.loads(answer)["username"] == anna.name


def test_anonymous(server: Server) -> None:
    answer = curl("-i", f"{server.url}/api/events")
    assert status(answer) == 401
    assert "www-authenticate:" in answer.lower()


def test_ingest_from_a_file_and_compressed(server: Server, admin: User, tmp_path: Path) -> None:
    plain = tmp_path / "events.ndjson"
    plain.write_text("".join(json.dumps(events.server_event(obj_id=index)) + "\n" for index in range(1000)))
    ndjson = ("-H", "Content-Type: application/x-ndjson")
    assert status(curl("-i", *ndjson, "--data-binary", f"@{plain}", server.ingest_url)) == 200

    packed = tmp_path / "events.json.gz"
    packed.write_bytes(gzip.compress(json.dumps([events.server_event(obj_id=1000)]).encode()))
    compressed = ("-H", "Content-Type: application/json", "-H", "Content-Encoding: gzip")
    assert status(curl("-i", *compressed, "--data-binary", f"@{packed}", server.ingest_url)) == 200

    assert sorted(int(row["obj_id"]) for row in exports.rows(server, admin)) == list(range(1001))


def test_keep_alive_and_expect_continue(server: Server, anna: User, tmp_path: Path) -> None:
    """curl asks for `100 Continue` before a large body, and reuses its connection."""
    large = tmp_path / "large.json"
    large.write_text(json.dumps(events.body([events.event(payload=json.dumps({"text": "x" * 3_000_000}))])))
    login = (
        "--user",
        f"{anna.name}:{anna.password}",
        "-H",
        "Content-Type: application/json",
        "-H",
        "Expect: 100-continue",
    )
    url = f"{server.url}/api/events"
    answer = curl(*login, "-i", "--data-binary", f"@{large}", "-o", "/dev/null", "-w", "%{http_code}\n", url)
    assert answer.splitlines()[-1] == "201"
    answer = curl(*login, "-w", "%{http_code} %{num_connects}\n", "-o", "/dev/null", url, "-o", "/dev/null", url)
    assert answer.split() == ["202", "1", "202", "0"]
