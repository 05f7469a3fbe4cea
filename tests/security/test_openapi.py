"""schemathesis over the API's own description: whatever it allows or forbids, the server keeps its promises.

What it asks, and which promises it checks, is in `schemathesis.toml`: bounded, and the same requests in each run.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import requests
from openapi_spec_validator import OpenAPIV31SpecValidator

from support.server import Server, User, add_user, clean_environment

CONFIG = Path(__file__).with_name("schemathesis.toml")
# What may revoke the token that the requests are made with: its id is in answers, and answers are learned from.
# Asked last, by themselves. All else is asked: a logout or a new password ends logins, and the token is none.
REVOKING = (
    "/api/tokens/{id}",
    "/api/auth/access_tokens/{id}",
    "/api/admin/users/{id}/tokens/{token_id}",
)


def ask(server: Server, user: User, directory: Path, *choice: str) -> dict[str, Any]:
    """Asks as that user; returns schemathesis's report. A broken promise fails the test, and its requests are shown."""
    report = directory / "report.json"
    done = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIG)),
            *("run", f"{server.url}/api/schema/", "--header", f"Authorization: Token {user.token}"),
            *("--report-json-path", str(report), *choice),
        ],
        cwd=directory,
        env=clean_environment(),
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert done.returncode == 0, done.stdout[-20_000:] + done.stderr
    return json.loads(report.read_text())


def n_routes(server: Server) -> int:
    paths = requests.get(f"{server.url}/api/schema/", timeout=10).json()["paths"]
    return sum(len(methods) for methods in paths.values())


def n_revoking(server: Server) -> int:
    paths = requests.get(f"{server.url}/api/schema/", timeout=10).json()["paths"]
    return sum(len(paths[path]) for path in REVOKING)


def n_accepted(report: dict[str, Any]) -> int:
    """Routes that answered with success, of those that were asked."""
    rates = report["valid_rates"].values()
    return sum(any(phase["accepted"] for phase in phases.values()) for phases in rates)


def test_the_description_is_valid(shared_server: Server) -> None:
    """By the rules of OpenAPI, of which unique operation ids are one: generators make functions of them."""
    description = requests.get(f"{shared_server.url}/api/schema/", timeout=10).json()
    errors = list(OpenAPIV31SpecValidator(description).iter_errors())
    assert not errors, [str(error)[:500] for error in errors]
    operations = [op for item in description["paths"].values() for op in item.values() if isinstance(op, dict)]
    ids = [operation["operationId"] for operation in operations]
    assert len(set(ids)) == len(ids)


def start(make_server) -> tuple[Server, User, User]:
    """A server with an administrator, who is the only one and so cannot be removed, and a worker in an organization."""
    server: Server = make_server()
    root = add_user(server.data_dir, "root", "admin")
    server.start()
    wim = server.add_user("wim", "worker")
    server.add_org("acme", wim)
    return server, root, wim


def is_good(server: Server, user: User) -> bool:
    answer = requests.get(f"{server.url}/api/users/self", headers=user.headers, timeout=10)
    return answer.status_code == 200


def test_an_administrator_breaks_nothing(make_server, tmp_path: Path) -> None:
    server, root, _ = start(make_server)
    report = ask(server, root, tmp_path, *(word for path in REVOKING for word in ("--exclude-path", path)))
    assert report["operations"]["tested"] == n_routes(server) - n_revoking(server)
    assert report["test_cases"]["generated"] > 1000
    # Or all were refused, and nothing is shown.
    assert is_good(server, root)
    assert n_accepted(report) >= 25
    report = ask(server, root, tmp_path, *(word for path in REVOKING for word in ("--include-path", path)))
    assert report["operations"]["tested"] == n_revoking(server)


def test_a_worker_breaks_nothing(make_server, tmp_path: Path) -> None:
    """With requests of which nothing is wrong but who asks."""
    server, _, wim = start(make_server)
    choice = (word for path in REVOKING for word in ("--exclude-path", path))
    report = ask(server, wim, tmp_path, "--mode", "positive", *choice)
    assert report["operations"]["tested"] == n_routes(server) - n_revoking(server)
    assert is_good(server, wim)
    # What is about oneself, exports, what is open to all: 23 at most; and the twelve routes that look at own events.
    assert 10 <= n_accepted(report) <= 23 + 12
