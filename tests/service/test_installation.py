"""The program on its machine: beside its library only, as another user, with files that are its owner's alone."""

from __future__ import annotations

import os
import re
import shutil
import stat
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from support import ROOT, events
from support.server import BINARY, Server, User, clean_environment, run_cli

NOWHERE = {"HOME": "/nonexistent", "PATH": "/usr/bin:/bin"}
# nobody, on every Linux.
NOBODY = 65534


def library() -> Path:
    """The DuckDB library that the tested program finds."""
    listed = subprocess.run(["ldd", BINARY], capture_output=True, text=True, check=True).stdout
    found = re.search(r"libduckdb\.so => (/\S+)", listed)
    if found is None:
        pytest.skip("the program has its DuckDB within")
    return Path(found[1])


@pytest.fixture
def copied() -> Iterator[Path]:
    """A directory that all may read, with the program and its library and nothing else."""
    with tempfile.TemporaryDirectory() as name:
        directory = Path(name)
        directory.chmod(0o755)
        for file in (BINARY, library()):
            shutil.copy(file, directory / file.name)
            (directory / file.name).chmod(0o755)
        yield directory


def test_the_two_files_run_anywhere(copied: Path) -> None:
    program = copied / BINARY.name
    listed = subprocess.run(["ldd", program], env=NOWHERE, capture_output=True, text=True, check=True).stdout
    assert f"libduckdb.so => {copied}/libduckdb.so" in listed
    version = subprocess.run([program, "--version"], env=NOWHERE, capture_output=True, text=True)
    assert (version.returncode, version.stdout[:10]) == (0, "annoscope "), version.stderr


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become another user")
def test_the_two_files_run_as_another_user(copied: Path) -> None:
    data = copied / "data"
    data.mkdir(mode=0o700)
    os.chown(data, NOBODY, NOBODY)
    ports = ("--listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0")
    process = subprocess.Popen(
        [copied / BINARY.name, "serve", "--data-dir", data, *ports],
        env=NOWHERE,
        user=NOBODY,
        group=NOBODY,
        extra_groups=[],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        lines = []
        for line in process.stdout:
            lines.append(line)
            if address := re.search(r"annoscope  (http://\S+)/ ", line):
                assert requests.get(f"{address[1]}/readyz", timeout=20).status_code == 200
                break
        else:
            pytest.fail("it did not start: " + "".join(lines))
    finally:
        process.terminate()
        process.communicate(timeout=30)


def test_files_are_their_owners_alone(make_server, tmp_path: Path) -> None:
    """Also in a directory that was there before, and whatever the umask says."""
    data = tmp_path / "there"
    data.mkdir(mode=0o755)
    data.chmod(0o755)
    before = os.umask(0)
    try:
        server: Server = make_server(data_dir=data).start()
    finally:
        os.umask(before)
    assert f"chmod -R go= {data}" in server.log()
    admin = server.add_user("root", "admin")
    assert events.ingest(server, [events.server_event(obj_id=1), {"no": "scope"}]).status_code == 200
    body = {"dashboard": {"title": "Mine", "panels": []}}
    saved = requests.post(f"{server.url}/api/dashboards", json=body, headers=admin.headers, timeout=10)
    assert saved.status_code == 201, saved.text
    files = [path for path in data.rglob("*") if path.is_file()]
    assert {"events.duckdb", "state.sqlite", "dead-letter.ndjson"} <= {path.name for path in files}
    shown = {str(path): oct(stat.S_IMODE(path.stat().st_mode)) for path in data.rglob("*")}
    assert all(int(mode, 8) & 0o077 == 0 for mode in shown.values()), shown


def test_a_directory_of_its_own_is_not_complained_about(server: Server) -> None:
    assert stat.S_IMODE(server.data_dir.stat().st_mode) == 0o700
    assert "chmod" not in server.log()


def test_config_shows_no_password(tmp_path: Path) -> None:
    url = "http://root:hunter2@cvat:8080/"
    for way in (["--cvat-url", url], []):
        env = {} if way else {"ANNOSCOPE_CVAT_URL": url}
        shown = run_cli("config", "--data-dir", str(tmp_path), *way, env=env)
        assert shown.returncode == 0, shown.stderr
        assert "hunter2" not in shown.stdout + shown.stderr
        assert '"http://***@cvat:8080/"' in shown.stdout


def test_what_is_no_file_among_dashboards_is_named_and_hangs_nobody(server: Server, admin: User, anna: User) -> None:
    directory = server.data_dir / "dashboards"
    directory.mkdir(exist_ok=True)
    os.mkfifo(directory / "pipe.json")
    (directory / "device.json").symlink_to("/dev/zero")
    (directory / "nothing.json").symlink_to("/nonexistent")
    (directory / "good.json").write_text('{"title": "Good", "uid": "good", "panels": []}')
    listed = requests.get(f"{server.url}/api/dashboards", headers=admin.headers, timeout=10).json()
    assert "good" in [board["uid"] for board in listed["dashboards"]]
    named = {problem["file"]: problem["message"] for problem in listed["problems"]}
    assert set(named) == {"pipe.json", "device.json", "nothing.json"}
    assert named["pipe.json"] == named["device.json"] == "it is not a regular file"


def test_where_files_are_is_told_to_who_may_write_them(server: Server, admin: User) -> None:
    wim = server.add_user("wim", "business")
    (server.data_dir / "dashboards").mkdir(exist_ok=True)
    (server.data_dir / "dashboards" / "good.json").write_text('{"title": "Good", "uid": "good", "panels": []}')
    url = f"{server.url}/api/dashboards/good"
    answers = [requests.get(url, headers=user.headers, timeout=10) for user in (admin, wim)]
    files = [answer.json()["meta"]["file"] for answer in answers]
    assert files == [str(server.data_dir / "dashboards" / "good.json"), None]
    assert str(server.data_dir) not in answers[1].text


def test_the_release_has_its_library_beside_it() -> None:
    env = {**clean_environment(), "CARGO_TARGET_DIR": "/target"}
    shown = subprocess.run(["make", "-n", "build"], cwd=ROOT, env=env, capture_output=True, text=True, check=True)
    assert re.search(r"install .*/libduckdb\.so /target/release/$", shown.stdout, re.MULTILINE), shown.stdout
