"""`annoscope copy` between real ClickHouses and files: every row once, twins too, whatever came between."""

from __future__ import annotations

import csv
import random
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pandas
import pytest
import requests

from difference import data
from difference.engines import ClickHouse
from support.server import BINARY, Server, User

EVENTS = data.generate()
# With those that are there twice and three times, and the one before 1970.
N_ROWS = len(EVENTS) + 700 + 30 + 1
COLUMNS = ", ".join(data.TYPES)


@pytest.fixture(scope="module")
def source(tmp_path_factory) -> Iterator[ClickHouse]:
    """20,000 events, of which some are there twice and three times, and one lies before 1970."""
    engine = ClickHouse(tmp_path_factory.mktemp("source"))
    engine.load(EVENTS)
    engine.run("INSERT INTO cvat.events SELECT * FROM cvat.events ORDER BY timestamp LIMIT 700")
    engine.run("INSERT INTO cvat.events SELECT * FROM cvat.events ORDER BY timestamp LIMIT 30")
    engine.run(
        "INSERT INTO cvat.events (scope, source, timestamp) VALUES ('load:job', 'client', '1969-12-31 23:00:00')"
    )
    yield engine
    engine.close()


@pytest.fixture
def make_target(tmp_path: Path) -> Iterator:
    engines = []

    def make(*options: str) -> ClickHouse:
        engine = ClickHouse(tmp_path / f"target-{len(engines)}", *options)
        engines.append(engine)
        data.clickhouse(engine.run, [])
        return engine

    yield make
    for engine in engines:
        engine.close()


@pytest.fixture
def annoscope(make_server) -> Annoscope:
    server = make_server(clickhouse_listen="127.0.0.1:0").start()
    return Annoscope(server, server.add_user("root", "admin"))


class Annoscope:
    """annoscope's port of ClickHouse's kind, asked by an administrator."""

    def __init__(self, server: Server, admin: User):
        self.server, self.admin = server, admin

    @property
    def place(self) -> str:
        return self.server.clickhouse_url.replace("://", f"://root:{self.admin.token}@") + "cvat"

    def run(self, sql: str) -> str:
        credentials = {"X-ClickHouse-User": "root", "X-ClickHouse-Key": self.admin.token}
        answer = requests.post(self.server.clickhouse_url, data=sql.encode(), headers=credentials, timeout=60)
        assert answer.status_code == 200, answer.text
        return answer.content.decode()


def named(place: object) -> str:
    match place:
        case ClickHouse():
            return place.url.rstrip("/") + "/cvat"
        case Annoscope():
            return place.place
    return str(place)


def start(tmp_path: Path, origin: object, target: object, *options: str) -> subprocess.Popen:
    command = [BINARY, "copy", "--from", named(origin), "--to", named(target), *options]
    return subprocess.Popen(command, cwd=tmp_path, stderr=subprocess.PIPE, text=True)


def copy(tmp_path: Path, origin: object, target: object, *options: str) -> str:
    process = start(tmp_path, origin, target, *options)
    _, told = process.communicate(timeout=300)
    assert process.returncode == 0, told
    return told


def rows(engine: ClickHouse | Annoscope) -> list[str]:
    """All rows, in an order of their own."""
    return sorted(engine.run(f"SELECT {COLUMNS} FROM cvat.events FORMAT TabSeparated").splitlines())


def without_claims(lines: list[str]) -> list[str]:
    """As the target has them: of the keys of hours, those of a server's working time alone stay."""
    scope, origin = list(data.TYPES).index("scope"), list(data.TYPES).index("source")

    def renamed(line: str) -> str:
        fields = line.split("\t")
        if fields[scope] == "send:working_time" and fields[origin] == "server":
            return line
        fields[-1] = fields[-1].replace('"working_time"', '"claimed_working_time"')
        return "\t".join(fields)

    return sorted(map(renamed, lines))


def test_every_row_is_there_once(tmp_path: Path, source: ClickHouse, make_target) -> None:
    target = make_target()
    told = copy(tmp_path, source, target)
    assert f"{N_ROWS} events are in" in told
    assert "before 1970: 1 events, 1 of them new" in told
    expected = without_claims(rows(source))
    assert rows(target) == expected
    again = copy(tmp_path, source, target)
    assert f"{N_ROWS} events are in" in again
    assert ", 0 of them new" in again
    assert rows(target) == expected


def test_what_others_insert_meanwhile_stays_and_is_not_doubled(tmp_path: Path, source: ClickHouse, make_target) -> None:
    target = make_target()
    row = "('load:job', 'client', '2026-07-01 00:00:00')"
    target.run(f"INSERT INTO cvat.events (scope, source, timestamp) VALUES {row}")
    # One of two that are alike in the source.
    target.run(
        "INSERT INTO cvat.events (scope, source, timestamp, payload) VALUES "
        "('load:job', 'client', '1969-12-31 23:00:00', NULL)"
    )
    told = copy(tmp_path, source, target)
    assert "1 others are there beside them" in told
    assert len(rows(target)) == N_ROWS + 1


def test_a_copy_that_was_interrupted_goes_on(tmp_path: Path, source: ClickHouse, make_target) -> None:
    target = make_target()
    chance = random.Random(5)
    for _ in range(5):
        process = start(tmp_path, source, target)
        # At its first, second … line, or in the middle of what comes after it.
        for _ in range(chance.randint(0, 3)):
            process.stderr.readline()
        process.send_signal(signal.SIGKILL)
        process.communicate()
    copy(tmp_path, source, target)
    assert rows(target) == without_claims(rows(source))


def test_inserts_that_fail_before_or_after_storing(tmp_path: Path, source: ClickHouse, make_target) -> None:
    target = make_target("--fail-rate", "0.4")
    copy(tmp_path, source, target)
    assert rows(target) == without_claims(rows(source))


@pytest.mark.parametrize("ending", ["csv", "ndjson", "parquet"])
def test_through_a_file_and_back(tmp_path: Path, source: ClickHouse, make_target, ending: str) -> None:
    file = tmp_path / f"events.{ending}"
    target = make_target()
    # The first of all is before what some readers of times take.
    copy(tmp_path, source, file)
    copy(tmp_path, file, target)
    expected = without_claims(rows(source))
    found = rows(target)
    if ending == "csv":
        # It has nothing for NULL and for the empty text.
        without_null = [sorted(line.replace("\\N", "") for line in lines) for lines in (found, expected)]
        assert without_null[0] == without_null[1]
        with file.open(newline="") as lines:
            assert next(csv.reader(lines)) == list(data.TYPES)
    else:
        assert found == expected
    if ending == "parquet":
        assert len(pandas.read_parquet(file)) == N_ROWS


def test_rows_that_nothing_holds_are_set_aside(tmp_path: Path, make_target) -> None:
    source, target = make_target(), make_target()
    for values in ("('', 'server', 1)", "('load:job', 'client', 18446744073709551615)", "('load:job', 'client', 5)"):
        source.run(f"INSERT INTO cvat.events (scope, source, obj_id) VALUES {values}")
    told = copy(tmp_path, source, target)
    assert "2 rows were set aside in annoscope-copy-set-aside.ndjson" in told
    assert len((tmp_path / "annoscope-copy-set-aside.ndjson").read_text().splitlines()) == 2
    assert len(rows(target)) == 1


@pytest.mark.parametrize(
    ("origin", "target", "said"),
    [
        ("http://127.0.0.1:9/cvat", "x.csv", "127.0.0.1:9/cvat does not answer"),
        ("ftp://here", "x.csv", "is no place for events"),
        ("missing.csv", "x.csv", "missing.csv: No such file"),
    ],
)
def test_a_place_that_is_none_is_named(tmp_path: Path, origin: str, target: str, said: str) -> None:
    process = start(tmp_path, origin, target)
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert said in told
    assert not (tmp_path / "x.csv").exists()


def test_a_file_that_is_there_is_not_written_over(tmp_path: Path, source: ClickHouse) -> None:
    (tmp_path / "x.csv").write_text("mine")
    process = start(tmp_path, source, tmp_path / "x.csv")
    _, told = process.communicate(timeout=120)
    assert process.returncode == 1
    assert "File exists" in told or "already exists" in told
    assert (tmp_path / "x.csv").read_text() == "mine"


def test_into_annoscope_and_back(tmp_path: Path, source: ClickHouse, annoscope: Annoscope, make_target) -> None:
    copy(tmp_path, source, annoscope)
    expected = without_claims(rows(source))
    assert rows(annoscope) == expected
    assert ", 0 of them new" in copy(tmp_path, source, annoscope)
    target = make_target()
    copy(tmp_path, annoscope, target)
    assert rows(target) == expected


def test_into_annoscope_with_kills_of_both(tmp_path: Path, source: ClickHouse, annoscope: Annoscope) -> None:
    """The copy is killed in the middle of a month, and the server under the copy."""
    chance = random.Random(8)
    for _ in range(5):
        process = start(tmp_path, source, annoscope)
        for _ in range(chance.randint(0, 3)):
            process.stderr.readline()
        if chance.random() < 0.5:
            process.kill()
        else:
            annoscope.server.kill()
            process.kill()
            annoscope.server.start()
        process.communicate()
    copy(tmp_path, source, annoscope)
    assert rows(annoscope) == without_claims(rows(source))


def test_a_server_that_is_away_for_a_while_is_waited_for(
    tmp_path: Path, source: ClickHouse, annoscope: Annoscope
) -> None:
    process = start(tmp_path, source, annoscope)
    process.stderr.readline()
    annoscope.server.kill()
    annoscope.server.start()
    _, told = process.communicate(timeout=120)
    assert process.returncode == 0, told
    assert rows(annoscope) == without_claims(rows(source))
