"""TLS by a certificate of our own, and what a proxy in front says: from a trusted one it counts, from others not."""

from __future__ import annotations

import re
import socket
import ssl
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
import trustme
from cvat_sdk import models
from cvat_sdk.api_client import ApiClient, Configuration

from support import events, exports
from support.server import Server, User, run_cli, wait_for

TRUSTED = "127.0.0.1"


@dataclass(frozen=True)
class Certificate:
    """Files for the server, and that of the authority for its clients."""

    chain: Path
    key: Path
    authority: Path

    @property
    def flags(self) -> dict[str, object]:
        return {"tls_certificate": self.chain, "tls_key": self.key}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    directory = tmp_path_factory.mktemp("certificate")
    made = Certificate(directory / "chain.pem", directory / "key.pem", directory / "authority.pem")
    authority = trustme.CA()
    authority.cert_pem.write_to_path(made.authority)
    leaf = authority.issue_cert("127.0.0.1", "localhost")
    leaf.private_key_pem.write_to_path(made.key)
    made.chain.write_bytes(b"".join(pem.bytes() for pem in leaf.cert_chain_pems))
    return made


@pytest.fixture
def secure_server(make_server: Callable[..., Server], certificate: Certificate) -> Server:
    server = make_server(**certificate.flags)
    server.authority = certificate.authority
    return server.start()


def address(server: Server) -> tuple[str, int]:
    host, _, port = server.url.rpartition("/")[2].rpartition(":")
    return host, int(port)


def session_with(server: Server) -> requests.Session:
    """A browser that trusts the server's authority, whatever this machine's environment says of authorities."""
    session = requests.Session()
    session.trust_env, session.verify = False, server.verify
    return session


def log_in(server: Server, user: User, **headers: str) -> requests.Response:
    body = {"username": user.name, "password": user.password}
    url = f"{server.url}/api/auth/login"
    answer = requests.post(url, json=body, headers=headers, timeout=30, verify=server.verify)
    assert answer.status_code == 200, answer.text
    return answer


def cookies_of(answer: requests.Response) -> dict[str, str]:
    """The whole text of each cookie that an answer sets."""
    return {text.partition("=")[0]: text for text in answer.raw.headers.getlist("Set-Cookie")}


def flags_of(cookie: str) -> set[str]:
    return {flag.strip() for flag in cookie.split(";")[1:]}


# TLS.


def test_cookies_are_secure_and_browsers_stay_with_tls(secure_server: Server, server: Server) -> None:
    for tls, one in ((True, secure_server), (False, server)):
        anna = one.add_user("anna")
        answer = log_in(one, anna)
        cookies = cookies_of(answer)
        assert set(cookies) == {"sessionid", "csrftoken"}
        for cookie in cookies.values():
            assert "SameSite=Lax" in flags_of(cookie)
            assert ("Secure" in flags_of(cookie)) == tls
        # The page's script repeats the one, and never sees the other.
        assert "HttpOnly" in flags_of(cookies["sessionid"])
        assert "HttpOnly" not in flags_of(cookies["csrftoken"])
        assert ("Strict-Transport-Security" in answer.headers) == tls
        if tls:
            assert int(re.search(r"max-age=(\d+)", answer.headers["Strict-Transport-Security"])[1]) >= 180 * 86400


def test_a_login_over_tls_works(secure_server: Server) -> None:
    anna = secure_server.add_user("anna")
    with session_with(secure_server) as session:
        body = {"username": anna.name, "password": anna.password}
        assert session.post(f"{secure_server.url}/api/auth/login", json=body, timeout=10).status_code == 200
        headers = {"X-CSRFToken": session.cookies["csrftoken"]}
        url = f"{secure_server.url}/api/events"
        sent = session.post(url, json=events.body([events.event()]), headers=headers, timeout=10)
        assert sent.status_code == 201
        cleared = session.post(f"{secure_server.url}/api/auth/logout", headers=headers, timeout=10)
        assert {"Secure", "Max-Age=0"} <= flags_of(cookies_of(cleared)["sessionid"])
        assert session.get(f"{secure_server.url}/api/users/self", timeout=10).status_code == 401


def test_cvat_sdk_over_tls(secure_server: Server) -> None:
    anna = secure_server.add_user("anna")
    configuration = Configuration(
        host=secure_server.url, username=anna.name, password=anna.password, ssl_ca_cert=str(secure_server.authority)
    )
    with ApiClient(configuration) as client:
        now = events.now()
        event = models.EventRequest(scope="click:element", timestamp=now)
        _, response = client.events_api.create(models.ClientEventsRequest(timestamp=now, events=[event]))
        assert response.status == 201
        created, _ = client.events_api.create_export()
        request = wait_for(
            "the export",
            lambda: found if (found := client.requests_api.retrieve(created.rq_id)[0]).result_url else None,
        )
        assert request.result_url.startswith(f"{secure_server.url}/")
    # Another authority's certificate would not have done.
    with pytest.raises(requests.exceptions.SSLError):
        requests.get(f"{secure_server.url}/healthz", timeout=10)


def exchange(server: Server, sent: bytes) -> bytes:
    """What a bare TCP client gets for that."""
    with socket.create_connection(address(server), timeout=20) as connection:
        connection.sendall(sent)
        received = b""
        try:
            while piece := connection.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
        return received


def is_alive(server: Server) -> bool:
    return requests.get(f"{server.url}/healthz", timeout=10, verify=server.verify).status_code == 200


def test_plain_http_on_the_tls_port_fails_and_the_server_lives_on(secure_server: Server) -> None:
    plain = secure_server.url.replace("https", "http")
    with pytest.raises(requests.ConnectionError):
        requests.get(f"{plain}/healthz", timeout=20)
    for sent in (
        b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n",
        b"\x16\x03\x01\xff\xff" + b"\xff" * 70_000,
        b"\x00" * 100,
        b"\x16\x03\x01",
    ):
        if len(sent) > 5:
            assert not exchange(secure_server, sent).startswith(b"HTTP/")
        else:
            # A handshake that never goes on is nobody else's problem.
            idle = socket.create_connection(address(secure_server), timeout=20)
            idle.sendall(sent)
            assert is_alive(secure_server)
            idle.close()
        assert is_alive(secure_server)


def test_many_handshakes_that_never_end_do_not_stop_the_others(secure_server: Server) -> None:
    with ExitStack() as stack:
        for _ in range(100):
            idle = stack.enter_context(socket.create_connection(address(secure_server), timeout=20))
            idle.sendall(b"\x16\x03\x01")
        assert is_alive(secure_server)


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion")
def test_only_current_versions_of_tls(secure_server: Server) -> None:
    context = ssl.create_default_context(cafile=str(secure_server.authority))
    with (
        socket.create_connection(address(secure_server), timeout=20) as connection,
        context.wrap_socket(connection, server_hostname="localhost") as tls,
    ):
        assert tls.version() in ("TLSv1.2", "TLSv1.3")
    # The client would take an old one.
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version, context.maximum_version = ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1
    with (
        socket.create_connection(address(secure_server), timeout=20) as connection,
        pytest.raises(ssl.SSLError, match=r"(?i)alert|version"),
    ):
        context.wrap_socket(connection, server_hostname="localhost")


def test_a_stop_ends_idle_tls_connections_and_keeps_events(secure_server: Server) -> None:
    anna = secure_server.add_user("anna")
    with session_with(secure_server) as session:
        url = f"{secure_server.url}/api/events"
        sent = session.post(url, json=events.body([events.event()]), headers=anna.headers, timeout=10)
        assert sent.status_code == 201
        begin = time.monotonic()
        assert secure_server.stop() == 0
        assert time.monotonic() - begin < 10
    secure_server.start()
    body = {"sql": "SELECT count() FROM events"}
    root = secure_server.add_user("root", "admin")
    url = f"{secure_server.url}/api/query"
    found = requests.post(url, json=body, headers=root.headers, timeout=10, verify=secure_server.verify)
    assert found.json()["rows"] == [[1]]


def test_a_wrong_certificate_stops_the_start_and_is_named(tmp_path: Path, certificate: Certificate) -> None:
    broken = tmp_path / "broken.pem"
    broken.write_text("not a certificate")
    for flags, named in (
        (("--tls-certificate", str(certificate.chain)), "tls.key"),
        (("--tls-key", str(certificate.key)), "tls.certificate"),
        (("--tls-certificate", str(tmp_path / "none.pem"), "--tls-key", str(certificate.key)), "none.pem"),
        (("--tls-certificate", str(broken), "--tls-key", str(certificate.key)), "broken.pem"),
    ):
        listen = ("--listen", "127.0.0.1:0", "--ingest-listen", "127.0.0.1:0")
        refused = run_cli("serve", "--data-dir", str(tmp_path / "data"), *listen, *flags)
        assert refused.returncode not in (0, 101), refused.stderr
        assert named in refused.stderr
        assert "PRIVATE KEY" not in refused.stderr


def test_the_ingest_port_has_no_tls_and_promises_none(secure_server: Server) -> None:
    answer = events.ingest(secure_server, [events.server_event()])
    assert answer.status_code == 200
    assert "Strict-Transport-Security" not in answer.headers


# Proxies.

FORWARDED = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "stats.example.org", "X-Forwarded-For": "192.0.2.7"}


@pytest.mark.parametrize("trusted", [TRUSTED, "192.0.2.1", ""])
def test_scheme_and_host_count_from_trusted_proxies_only(make_server, trusted: str) -> None:
    server = make_server(proxy_trusted=trusted).start()
    anna = server.add_user("anna")
    counts = trusted == TRUSTED
    answer = log_in(server, anna, **FORWARDED)
    for cookie in cookies_of(answer).values():
        assert ("Secure" in flags_of(cookie)) == counts
    assert ("Strict-Transport-Security" in answer.headers) == counts
    rq_id = exports.request_export(server, anna)
    exports.finish_request(server, anna, rq_id)
    base = "https://stats.example.org" if counts else server.url
    request = requests.get(f"{server.url}/api/requests/{rq_id}", headers={**anna.headers, **FORWARDED}, timeout=10)
    assert request.json()["result_url"].startswith(f"{base}/api/events/download")
    listing = f"{server.url}/api/users/self"
    assert requests.get(listing, headers={**anna.headers, **FORWARDED}, timeout=10).json()["url"].startswith(base)


HOSTILE_HOSTS = ["evil.example/x?", "a@evil.example", 'x"><script>', "evil.example#", "x y", "", "a" * 300, "\xff"]


@pytest.mark.parametrize("host", HOSTILE_HOSTS)
def test_a_host_that_is_none_gets_into_no_link(make_server, host: str) -> None:
    server = make_server(proxy_trusted=TRUSTED).start()
    anna = server.add_user("anna")
    headers = {**anna.headers, "X-Forwarded-Host": host.encode("latin-1")}
    answer = requests.get(f"{server.url}/api/users/self", headers=headers, timeout=10)
    assert answer.status_code == 200
    assert re.fullmatch(r"http://127\.0\.0\.1:\d+/api/users/\d+", answer.json()["url"])


def wrong_login(server: Server, forwarded_for: str | None) -> int:
    headers = {"X-Forwarded-For": forwarded_for} if forwarded_for else {}
    auth = ("anna", "wrong")
    return requests.get(f"{server.url}/api/users/self", auth=auth, headers=headers, timeout=30).status_code


def test_the_lock_out_is_by_the_address_that_a_trusted_proxy_tells(make_server) -> None:
    server = make_server(proxy_trusted=TRUSTED).start()
    server.add_user("anna")
    # What the client wrote itself stands in front and does not count.
    tries = [wrong_login(server, f"198.51.100.{number}, 192.0.2.1") for number in range(8)]
    assert tries[0] == 401
    assert tries[-1] == 429
    assert wrong_login(server, "192.0.2.2") == 401
    assert wrong_login(server, None) == 401


def test_the_lock_out_is_by_the_connection_where_no_proxy_is_trusted(make_server) -> None:
    server = make_server().start()
    server.add_user("anna")
    tries = [wrong_login(server, f"192.0.2.{number}") for number in range(8)]
    assert tries[0] == 401
    assert tries[-1] == 429
