"""Each package in a root with nothing else: installed, started, events in and out, upgraded over the data of an older
version, removed."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml

from support import ROOT, events, query
from support.packages import PACKAGES, Package, PackagedServer
from support.server import BINARY, check_log, run_cli

OLDER = ROOT / "tests/service/before_the_journal.tar.xz"
ALL_TIME = {"from": "1970-01-01T00:00:00Z", "to": "now"}


@pytest.fixture
def make_package(packages: Path, tmp_path: Path) -> Iterator[Callable[[str], Package]]:
    """Makes roots for packages, which are not installed yet; they are removed with the test, being large."""
    made: list[Package] = []

    def make(kind: str) -> Package:
        made.append(PACKAGES[kind](packages, tmp_path))
        return made[-1]

    yield make
    for package in made:
        shutil.rmtree(package.root.path)


@pytest.fixture(params=PACKAGES)
def package(request: pytest.FixtureRequest, make_package: Callable[[str], Package]) -> Package:
    made = make_package(request.param)
    made.install()
    return made


@pytest.fixture
def service(package: Package, tmp_path: Path) -> Iterator[PackagedServer]:
    server = PackagedServer(package, tmp_path / "server.log")
    yield server
    server.close()
    print(server.log_tail())
    check_log(server)


def n_events(server: PackagedServer, user) -> int:
    [[count]] = query.rows(server, user, query.COUNT, **ALL_TIME)
    return int(count)


def place_older_data(package: Package) -> int:
    """The data directory of an annoscope that had no journal, in the place of the one there; the number of its rows."""
    data = package.root.host(package.data_dir)
    owner = data.stat()
    subprocess.run(["find", data, "-mindepth", "1", "-delete"], check=True)
    with tarfile.open(OLDER) as archive:
        for member in archive:
            if member.isfile() and member.name.startswith("stopped/"):
                target = data / Path(member.name).name
                target.write_bytes(archive.extractfile(member).read())
                os.chown(target, owner.st_uid, owner.st_gid)
                target.chmod(0o600)
    return json.loads((data / "sent.json").read_text())["n_rows"]


def check_files(package: Package) -> None:
    """No path of the machine that built it, no symbols, and the licences of what is in it."""
    [program] = [
        path
        for path in package.root.path.rglob("annoscope")
        if path.is_file() and not path.is_symlink() and path.read_bytes()[:4] == b"\x7fELF"
    ]
    described = subprocess.run(["readelf", "-d", program], capture_output=True, text=True, check=True).stdout
    assert re.findall(r"R(?:UN)?PATH.*\[(.*)\]", described) == ["$ORIGIN"]
    assert program.with_name("libduckdb.so").is_file()
    sections = subprocess.run(["readelf", "-S", program], capture_output=True, text=True, check=True).stdout
    assert ".symtab" not in sections
    texts = list(package.root.path.rglob("THIRD-PARTY.txt"))
    assert texts
    for name in ("DuckDB", "tokio", "svelte", "arrow"):
        assert name in texts[0].read_text()


def test_a_package_from_its_installation_to_its_removal(package: Package, service: PackagedServer) -> None:
    check_files(package)
    service.start()
    assert re.search("Log in as admin with the password", service.log())
    assert package.command("health") == "ready\n"
    admin = service.add_user("root", "admin")
    assert events.ingest(service, [events.server_event(obj_id=1)]).status_code == 200
    service.wait_until_applied()
    found = query.rows(service, admin, "SELECT scope, obj_id FROM events WHERE scope = 'create:task'", **ALL_TIME)
    assert found == [["create:task", 1]]
    assert service.stop() == 0

    # An upgrade, and another start.
    n_older = place_older_data(package)
    package.install()
    service.start()
    admin = service.add_user("root2", "admin")
    assert n_events(service, admin) >= n_older
    assert service.stop() == 0

    # The data outlives the package.
    package.remove()
    assert (service.data_dir / "events.duckdb").is_file()


def test_the_debian_package_s_service_and_settings(make_package: Callable[[str], Package]) -> None:
    package = make_package("deb")
    package.install()
    root = package.root
    data = root.host(package.data_dir)
    uid = int(root.run("id", "-u", "annoscope"))
    assert (data.stat().st_uid, data.stat().st_mode & 0o777) == (uid, 0o700)
    enabled = root.path / "etc/systemd/system/multi-user.target.wants/annoscope.service"
    assert enabled.is_symlink()

    # The commands of an administrator leave no file that the service cannot write.
    package.command("user", "add", "root", "--privilege", "admin", "--password-stdin", stdin="a long enough one\n")
    assert {path.stat().st_uid for path in data.rglob("*")} == {uid}
    # Others have the program alone: no settings and no data of the service.
    shown = root.run("annoscope", "config", user="1000:1000")
    assert "/var/lib/annoscope" not in shown

    # Settings outlive an upgrade, and go with everything else.
    settings = root.path / "etc/annoscope/annoscope.toml"
    settings.write_text(settings.read_text() + "\n[log]\nlevel = 'warn'\n")
    package.install()
    assert "'warn'" in settings.read_text()
    shown = root.run("annoscope", "config")
    assert re.search(r'^log.level = "warn" +# /etc/annoscope/annoscope.toml$', shown, re.MULTILINE), shown
    package.remove()
    assert settings.is_file()
    assert (data / "state.sqlite").is_file()
    root.run("dpkg", "--purge", "annoscope")
    assert not settings.parent.exists()
    assert not data.exists()
    assert not enabled.is_symlink()


def test_an_image_that_is_stopped_or_sick_says_so(make_package: Callable[[str], Package]) -> None:
    package = make_package("image")
    command = package.root.entered([*package.program, "health"], user=package.user, env=package.env)
    sick = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert sick.returncode == 1
    assert "no server runs on /data" in sick.stderr
    [check] = re.findall(r"^HEALTHCHECK .*CMD (.*)$", (ROOT / "deploy/Dockerfile").read_text(), re.MULTILINE)
    assert json.loads(check) == [*package.program, "health"]


@pytest.mark.parametrize(
    "files",
    [["deploy/compose.yml"], ["tests/packages/cvat-compose.yml", "deploy/compose.cvat.yml"]],
    ids=["alone", "beside CVAT"],
)
def test_compose_files(files: list[str]) -> None:
    needed = subprocess.run([ROOT / "scripts/need.sh", "docker-compose"], capture_output=True, text=True)
    if needed.returncode != 0:
        pytest.skip(f"no docker-compose: {needed.stderr.strip()}")
    arguments = [word for file in files for word in ("-f", str(ROOT / file))]
    shown = subprocess.run(["docker-compose", *arguments, "config"], capture_output=True, text=True)
    assert shown.returncode == 0, shown.stderr
    services = yaml.safe_load(shown.stdout)["services"]
    [ours] = [service for service in services.values() if service["image"].startswith("annoscope:")]
    # Every variable is one of a setting, and every value one that it takes.
    env = {key: value for key, value in ours.get("environment", {}).items() if key.startswith("ANNOSCOPE_")}
    checked = run_cli("config", env=env)
    assert checked.returncode == 0, checked.stderr
    if len(files) == 1:
        return
    # Whoever starts has nobody to wait for that does not.
    started = {name for name, service in services.items() if "profiles" not in service}
    assert not {"cvat_vector", "cvat_grafana"} & started
    for name in started:
        assert set(services[name].get("depends_on", {})) <= started
    assert {"clickhouse", "vector", "grafana"} <= set(ours["networks"]["cvat"]["aliases"])
    asks = services["cvat_server"]["environment"]["CLICKHOUSE_PORT"]
    assert env["ANNOSCOPE_CLICKHOUSE_LISTEN"].endswith(f":{asks}")
    sends_to = services["cvat_server"]["environment"]["DJANGO_LOG_SERVER_PORT"]
    assert env["ANNOSCOPE_INGEST_LISTEN"].endswith(f":{sends_to}")


def test_the_service_s_unit_is_well_formed(tmp_path: Path) -> None:
    if not shutil.which("systemd-analyze"):
        pytest.skip("no systemd-analyze")
    unit = (ROOT / "deploy/annoscope.service").read_text()
    # It is not installed here, which is all that may be wrong with it.
    unit = re.sub(r"^ExecStart=\S+", f"ExecStart={BINARY}", unit, flags=re.MULTILINE)
    (tmp_path / "annoscope.service").write_text(unit)
    checked = subprocess.run(
        ["systemd-analyze", "verify", tmp_path / "annoscope.service"], capture_output=True, text=True
    )
    assert checked.returncode == 0, checked.stderr
    assert "annoscope.service" not in checked.stderr


def test_the_example_settings_are_settings(tmp_path: Path) -> None:
    """Also those that are commented out."""
    text = (ROOT / "deploy/annoscope.toml").read_text()
    (tmp_path / "all.toml").write_text(re.sub(r"^#(\[|\w+ = )", r"\1", text, flags=re.MULTILINE))
    shown = run_cli("config", "--config", str(tmp_path / "all.toml"))
    assert shown.returncode == 0, shown.stderr
    assert "trusted" in shown.stdout


@pytest.mark.parametrize("file", sorted((ROOT / "deploy/helm").glob("*.yaml")), ids=lambda file: file.name)
def test_helm_s_files_are_yaml(file: Path) -> None:
    documents = list(yaml.safe_load_all(file.read_text()))
    assert all(isinstance(document, dict) for document in documents)
    text = file.read_text()
    for name, value in re.findall(r"name: (ANNOSCOPE_\w+)\s+value: (.*)", text):
        checked = run_cli("config", env={name: yaml.safe_load(value), "ANNOSCOPE_CVAT_URL": "http://cvat"})
        assert checked.returncode == 0, checked.stderr
