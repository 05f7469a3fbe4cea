"""The packages of annoscope, as those who install them see them: how each is installed, started and removed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from support import ROOT
from support.bare_root import BareRoot, bare_debian
from support.server import BINARY, Server, User, clean_environment

# Free ports, and a start that does not fill 64 MiB with zeros. Variables win over the settings of a package.
FOR_TESTS = {
    "ANNOSCOPE_LISTEN": "127.0.0.1:0",
    "ANNOSCOPE_INGEST_LISTEN": "127.0.0.1:0",
    "ANNOSCOPE_JOURNAL_MAX_BYTES": "128MiB",
}


def make_packages(directory: Path, *kinds: str) -> None:
    """Packages of the program that is tested, into `directory`."""
    library = subprocess.run([ROOT / "scripts/fetch-duckdb.sh"], capture_output=True, text=True, check=True)
    made = subprocess.run(
        [ROOT / "scripts/dist.sh", BINARY, directory, *kinds],
        env={**clean_environment(), "DUCKDB_LIB_DIR": library.stdout.strip(), "DIST_FAST": "1"},
        capture_output=True,
        text=True,
    )
    assert made.returncode == 0, made.stdout + made.stderr


@dataclass
class Package:
    """One that is installed in a root of its own."""

    root: BareRoot
    # The program's command, with what it needs to find the data directory.
    program: list[str]
    # The command of the service.
    serve: list[str]
    data_dir: str
    # Who the service runs as.
    user: str
    install: Callable[[], None]
    remove: Callable[[], None]
    env: dict[str, str] = field(default_factory=dict)
    # Who gives commands to it.
    administrator: str | None = None

    def command(self, *words: str, stdin: str = "") -> str:
        """What a command of an administrator prints."""
        who = self.administrator or self.user
        return self.root.run(*self.program, *words, user=who, env=self.env, stdin=stdin)


class PackagedServer(Server):
    """The service of a package, in its root."""

    def __init__(self, package: Package, log_path: Path):
        super().__init__(package.root.host(package.data_dir), log_path)
        self.package = package

    def start(self, wait: bool = True, **flags: object) -> Server:
        assert not flags, "a package has its own settings"
        package = self.package
        command = package.root.entered(package.serve, user=package.user, env={**package.env, **FOR_TESTS})
        with self.log_path.open("ab") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        if wait:
            self.wait_ready()
        return self

    def add_user(self, name: str, privilege: str = "user", *extra: str, password: str | None = None) -> User:
        password = password or f"{name}-has-a-long-one"
        words = ("user", "add", name, "--privilege", privilege, "--password-stdin", *extra)
        self.package.command(*words, stdin=password + "\n")
        token = self.package.command("user", "token", name).strip()
        return User(name, password, "", token)


def only(directory: Path, pattern: str) -> Path:
    [found] = directory.glob(pattern)
    return found


def tarball(directory: Path, place: Path) -> Package:
    """Unpacked to /opt, and run by a user who has no right there."""
    archive = only(directory, "*-linux.tar.gz")
    root = BareRoot(place / "root", bare_debian("minbase"))
    home = f"/opt/{archive.name.removesuffix('.tar.gz')}"
    data = root.path / "srv/annoscope"
    data.mkdir(parents=True)
    os.chown(data, 1000, 1000)
    data.chmod(0o700)
    program = [f"{home}/annoscope"]
    return Package(
        root,
        program=program,
        serve=[*program, "serve"],
        data_dir="/srv/annoscope",
        user="1000:1000",
        env={"ANNOSCOPE_DATA_DIR": "/srv/annoscope"},
        install=lambda: subprocess.run(["tar", "-xzf", archive, "-C", root.path / "opt"], check=True) and None,
        remove=lambda: root.run("rm", "-r", home) and None,
    )


def deb(directory: Path, place: Path) -> Package:
    """By dpkg; the command of the service is what its unit says."""
    archive = only(directory, "*.deb")
    root = BareRoot(place / "root", bare_debian("minbase"))
    (root.path / "tmp/annoscope.deb").write_bytes(archive.read_bytes())
    unit = (ROOT / "deploy/annoscope.service").read_text()
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    return Package(
        root,
        program=["annoscope"],
        serve=re.search(r"^ExecStart=(.*)$", unit, re.MULTILINE)[1].split(),
        data_dir="/var/lib/annoscope",
        user="annoscope:annoscope",
        administrator="0:0",
        install=lambda: root.run("dpkg", "--install", "/tmp/annoscope.deb", env=quiet) and None,
        remove=lambda: root.run("dpkg", "--remove", "annoscope", env=quiet) and None,
    )


def wheel(directory: Path, place: Path) -> Package:
    """By pip, into an environment of a Python that has nothing else."""
    archive = only(directory, "*.whl")
    root = BareRoot(place / "root", bare_debian("python", "python3-venv"))
    (root.path / "tmp" / archive.name).write_bytes(archive.read_bytes())
    root.run("python3", "-m", "venv", "/opt/venv")
    data = root.path / "srv/annoscope"
    data.mkdir(parents=True)
    os.chown(data, 1000, 1000)
    data.chmod(0o700)
    pip = ("/opt/venv/bin/pip", "--disable-pip-version-check")
    install = (*pip, "install", "--no-index", "--force-reinstall", f"/tmp/{archive.name}")
    program = ["/opt/venv/bin/annoscope"]
    return Package(
        root,
        program=program,
        serve=[*program, "serve"],
        data_dir="/srv/annoscope",
        user="1000:1000",
        env={"ANNOSCOPE_DATA_DIR": "/srv/annoscope"},
        install=lambda: root.run(*install) and None,
        remove=lambda: root.run(*pip, "uninstall", "--yes", "annoscope") and None,
    )


def image(directory: Path, place: Path) -> Package:
    """Its root, that nobody may write to, with a volume; user, variables and commands are those of the Dockerfile."""
    bare_debian("minbase")  # skips without root
    archive = only(directory, "*-image-root.tar")
    dockerfile = (ROOT / "deploy/Dockerfile").read_text()
    env = dict(re.findall(r"^ENV (\w+)=(.*)$", dockerfile, re.MULTILINE))
    [user] = re.findall(r"^USER (.*)$", dockerfile, re.MULTILINE)
    entry, service = (
        re.findall(r'"([^"]*)"', re.search(rf"^{word} (.*)$", dockerfile, re.MULTILINE)[1])
        for word in ("ENTRYPOINT", "CMD")
    )
    volume = place / "volume"
    root = BareRoot(place / "root", archive, read_only=True, volume=(volume, env["ANNOSCOPE_DATA_DIR"]))
    # As docker fills a new volume: with what the image has at its place, and with its owner.
    subprocess.run(["cp", "-a", root.path / "data", volume], check=True)
    return Package(
        root,
        program=entry,
        serve=[*entry, *service],
        data_dir=env["ANNOSCOPE_DATA_DIR"],
        user=user,
        env=env,
        install=lambda: root.extract(archive),
        remove=lambda: None,
    )


PACKAGES = {"tarball": tarball, "deb": deb, "wheel": wheel, "image": image}


@pytest.fixture(scope="session")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The directory of the packages, made of the program that is tested; gone with the tests, being large."""
    bare_debian("minbase")
    directory = tmp_path_factory.mktemp("packages")
    make_packages(directory, *PACKAGES)
    yield directory
    shutil.rmtree(directory)
