"""nginx before several annoscopes, with the configuration of docs/scaling.md."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
from pathlib import Path

import pytest
import requests

from support import ROOT
from support.server import wait_for

# Where scripts/need.sh puts Debian's.
CACHE = Path(os.environ.get("ANNOSCOPE_CACHE", Path.home() / ".cache/annoscope"))

AROUND = """daemon off; pid {directory}/nginx.pid; error_log {directory}/error.log;
events {{}}
http {{
    access_log off;
    client_body_temp_path {directory}/body; proxy_temp_path {directory}/proxy; fastcgi_temp_path {directory}/fastcgi;
    uwsgi_temp_path {directory}/uwsgi; scgi_temp_path {directory}/scgi;
{documented}
}}
"""


def program() -> str:
    found = shutil.which("nginx", path=f"{os.environ['PATH']}:/usr/sbin:{CACHE}/nginx/usr/sbin")
    return found or pytest.skip("there is no nginx: scripts/need.sh nginx fetches Debian's")


class Nginx:
    """Passes requests on to annoscopes at these addresses."""

    def __init__(self, directory: Path, addresses: list[str]) -> None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        documented = re.search(r"```nginx\n(.*?)```", (ROOT / "docs/scaling.md").read_text(), re.DOTALL)[1]
        servers = re.findall(r"10\.0\.0\.[123]:8380", documented)
        assert len(servers) == len(addresses) == 3
        for server, address in zip(servers, addresses, strict=True):
            documented = documented.replace(server, address)
        documented = re.sub(r"listen [^;]*;", f"listen 127.0.0.1:{port};", documented)
        documented = re.sub(r" *ssl_[^;]*;\n", "", documented)
        directory.mkdir()
        # Its workers are nobody's else.
        text = AROUND.format(directory=directory, documented=documented)
        (directory / "nginx.conf").write_text(f"user root;\n{text}" if os.geteuid() == 0 else text)
        self.url = f"http://127.0.0.1:{port}"
        self.directory = directory
        self.process = subprocess.Popen([program(), "-e", directory / "error.log", "-c", directory / "nginx.conf"])
        wait_for("nginx", self.listens)

    def listens(self) -> bool:
        assert self.process.poll() is None, (self.directory / "error.log").read_text()
        try:
            return requests.get(f"{self.url}/healthz", timeout=5).status_code == 200
        except requests.ConnectionError:
            return False

    def close(self) -> None:
        self.process.terminate()
        self.process.wait(30)
