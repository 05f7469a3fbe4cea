"""Real clients of ClickHouse against its interface here, unchanged, each in an environment of its own.

What is not on the machine is installed once below the cache; where that cannot be, the test is skipped and says so.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from difference import data
from difference.engines import ClickHouse
from support.server import Server

from .conftest import Port

CLIENTS = Path(__file__).parent / "clients"
CACHE = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "annoscope" / "clickhouse-clients"


def run(*command: object, **more: object) -> str:
    done = subprocess.run([str(word) for word in command], capture_output=True, text=True, timeout=900, **more)
    assert done.returncode == 0, f"{command}\n{done.stderr[-3000:]}{done.stdout[-1000:]}"
    return done.stdout


def python_with(name: str, *requirements: str) -> Path:
    """The Python of an environment that has these packages."""
    python = CACHE / name / "bin" / "python"
    stamp = CACHE / name / "installed"
    if not stamp.is_file() or stamp.read_text() != "\n".join(requirements):
        try:
            run(sys.executable, "-m", "venv", "--clear", CACHE / name)
            run(python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *requirements)
        except AssertionError as error:
            pytest.skip(f"{requirements} cannot be installed here: {error}")
        stamp.write_text("\n".join(requirements))
    return python


@pytest.fixture(scope="module")
def pythons() -> dict[str, Path]:
    """A Python with each of the two clients that CVATs use."""
    return {"0.6.8": python_with("connect-0.6.8", "clickhouse-connect==0.6.8"), "1.12.0": Path(sys.executable)}


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Port, ClickHouse]]:
    """A server and ClickHouse's engine with the same events."""
    directory = tmp_path_factory.mktemp("both")
    made = data.generate(3000)
    server = Server(directory / "data", directory / "server.log", clickhouse_listen="127.0.0.1:0").start()
    data.post(server, made)
    server.wait_until_applied()
    engine = ClickHouse(directory / "clickhouse")
    engine.load(made)
    yield Port(server, server.add_user("user", "admin", password="user")), engine
    engine.close()
    server.close()


def place(url: str) -> tuple[str, str]:
    host, port = url.removeprefix("http://").rstrip("/").split(":")
    return host, port


@pytest.mark.parametrize("version", ["0.6.8", "1.12.0"])
@pytest.mark.parametrize(
    "filters",
    [
        {},
        {"from": "2026-06-10T00:00:00.500Z", "to": "2026-07-10T00:00:00Z"},
        {"from": "2026-06-10T00:00:00Z", "to": "2026-07-10T00:00:00Z", "is_default": True},
        {"user_id": 5},
        {"org_id": 1, "job_id": 3, "from": "2026-06-01T00:00:00Z"},
        {"user_id": 123456789},
    ],
    ids=str,
)
def test_cvats_export_is_the_same_on_both(
    both: tuple[Port, ClickHouse], pythons: dict[str, Path], tmp_path: Path, version: str, filters: dict
) -> None:
    """CVAT's own code shape, with its default name and password, driven against both ports."""
    port, engine = both
    files = {}
    for name, url in (("annoscope", port.url), ("clickhouse", engine.url)):
        out = tmp_path / f"{name}.csv"
        arguments = (*place(url), "user", "user", out, json.dumps(filters))
        said = run(pythons[version], CLIENTS / "cvat_export.py", *arguments)
        assert said.strip().startswith(version.rsplit(".", 1)[0]) or "?" in said
        files[name] = out.read_text()
    head = files["clickhouse"].splitlines()[0]
    assert files["annoscope"].splitlines()[0] == head
    # Events of one instant come in any order on either.
    assert sorted(files["annoscope"].splitlines()) == sorted(files["clickhouse"].splitlines())


def test_curl(shared_port: Port) -> None:
    if not shutil.which("curl"):
        pytest.skip("there is no curl")
    user, url = shared_port.user, shared_port.url
    assert run("curl", "-sS", "-u", f"{user.name}:{user.password}", url, "-d", "SELECT 1 + 1") == "2\n"
    address = f"{url}?query=SELECT%20number%20FROM%20numbers(3)%20FORMAT%20CSV&enable_http_compression=1"
    assert run("curl", "-sS", "--compressed", "-H", f"X-ClickHouse-Key: {user.token}", address) == "0\n1\n2\n"


def test_pandas(port: Port) -> None:
    """Reads what the interface writes, without a client of ClickHouse."""
    import io

    import pandas as pd

    rows = "".join(f'{{"scope": "a:b", "obj_id": {n}, "timestamp": "2026-01-05 09:00:00"}}\n' for n in range(10))
    assert port.insert(rows.encode()).status_code == 200
    answer = port.ask("SELECT obj_id, timestamp FROM events ORDER BY obj_id FORMAT CSVWithNames")
    frame = pd.read_csv(io.BytesIO(answer.content), parse_dates=["timestamp"])
    assert list(frame["obj_id"]) == list(range(10))
    assert str(frame["timestamp"][0]) == "2026-01-05 09:00:00"


def test_sqlalchemy(port: Port) -> None:
    python = python_with("sqlalchemy", "clickhouse-sqlalchemy==0.3.2", "requests")
    rows = "".join(f'{{"scope": "a:{n % 2}", "obj_id": {n}, "timestamp": "2026-01-05 09:00:00"}}\n' for n in range(10))
    assert port.insert(rows.encode()).status_code == 200
    said = json.loads(run(python, CLIENTS / "sqlalchemy_client.py", *place(port.url), "any", port.user.token))
    assert "events" in said["tables"]
    assert said["columns"][:3] == ["scope", "obj_name", "obj_id"]
    assert said["counts"] == [["a:0", 5], ["a:1", 5]]
    assert said["first"] == [3, 4]


def test_the_js_client(port: Port) -> None:
    if not shutil.which("npm"):
        pytest.skip("there is no npm")
    directory = CACHE / "node"
    directory.mkdir(parents=True, exist_ok=True)
    for name in ("ask.mjs", "package.json"):
        shutil.copy(CLIENTS / "node" / name, directory)
    try:
        run("npm", "install", "--silent", "--no-audit", "--no-fund", cwd=directory)
    except AssertionError as error:
        pytest.skip(f"the client cannot be installed here: {error}")
    said = json.loads(run("node", "ask.mjs", port.url, "any", port.user.token, cwd=directory).splitlines()[-1])
    assert said["ping"] is True
    assert said["counted"] == [{"scope": "click:element", "n": 500, "sum": sum(range(500, 1000))}]
    assert said["streamed"] == 200_000
    assert said["error"] == {"code": "47", "type": "UNKNOWN_IDENTIFIER"}
    assert "before" in said
    assert "Division by zero" in said["late"] or "late" in said


def test_the_rust_client(port: Port) -> None:
    if not shutil.which("cargo"):
        pytest.skip("there is no cargo")
    target = CACHE / "rust"
    manifest = CLIENTS / "rust" / "Cargo.toml"
    environment = os.environ | {"CARGO_TARGET_DIR": str(target)}
    try:
        run("cargo", "build", "--quiet", "--manifest-path", manifest, env=environment)
    except AssertionError as error:
        if "could not compile" in str(error):
            raise
        pytest.skip(f"the client cannot be built here: {error}")
    said = json.loads(run(target / "debug" / "rust-client", port.url, "any", port.user.token))
    assert (said["scope"], said["n"], said["total"]) == ("create:task", 1000, 7000)
    assert "UNKNOWN_IDENTIFIER" in said["error"]
