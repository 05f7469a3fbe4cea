"""cvat-sdk 2.80, unchanged, works against annoscope as against CVAT."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Iterator
from pathlib import Path

import pyarrow.parquet
import pytest
import requests
from cvat_sdk import Client, Config, make_client, models
from cvat_sdk.api_client import exceptions
from cvat_sdk.core.client import AccessTokenCredentials
from cvat_sdk.core.downloading import Downloader

from support import events, exports
from support.server import Server, User, wait_for


@pytest.fixture
def client(server: Server, anna: User) -> Iterator[Client]:
    with make_client(server.url, credentials=anna.basic) as client:
        yield client


def push(client: Client, n_events: int = 3, now: dt.datetime | None = None, **more: object) -> models.ClientEvents:
    """Sends events of the last seconds through the SDK."""
    now = now or events.now()
    sent = [
        models.EventRequest(
            scope="draw:object",
            timestamp=now - dt.timedelta(seconds=n_events - index),
            job_id=7,
            obj_id=index,
            payload=json.dumps({"label": "car"}),
        )
        for index in range(n_events)
    ]
    answer, response = client.api_client.events_api.create(
        models.ClientEventsRequest(timestamp=now, events=sent, **more)
    )
    assert response.status == 201
    return answer


def test_start_up_and_login(server: Server, anna: User) -> None:
    # An unsupported version would raise.
    client = Client(server.url, config=Config(allow_unsupported_server=False))
    client.login(anna.basic)
    user = client.users.retrieve_current_user()
    assert (user.username, user.email, user.groups) == (anna.name, anna.email, ["user"])
    plugins, _ = client.api_client.server_api.retrieve_plugins()
    assert plugins.analytics is True

    client.logout()
    with pytest.raises(exceptions.UnauthorizedException):
        client.api_client.users_api.retrieve_self()


def test_wrong_password_is_refused(server: Server, anna: User) -> None:
    # CVAT answers 400 to a failed login.
    with pytest.raises(exceptions.ApiException) as refused:
        make_client(server.url, credentials=(anna.name, "wrong"))
    assert refused.value.status in (400, 401)


def test_session_cookie_alone_may_not_write(server: Server, anna: User, client: Client) -> None:
    """What a foreign web page could make the browser send: the cookie, without the CSRF header."""
    cookies = {name: morsel.value for name, morsel in client.api_client.cookies.items()}
    refused = requests.post(f"{server.url}/api/events", json=events.body([events.event()]), cookies=cookies, timeout=10)
    assert refused.status_code == 403
    assert refused.json()["detail"].startswith("CSRF Failed")


def test_access_token(server: Server, anna: User) -> None:
    with Client(server.url) as client:
        client.login(AccessTokenCredentials(anna.token))
        assert client.users.retrieve_current_user().username == anna.name
        push(client)


def test_create_answers_with_the_processed_events(client: Client, anna: User) -> None:
    answer = push(client, 2)
    assert [event.source for event in answer.events] == ["client", "client"]
    assert [event.user_name for event in answer.events] == [anna.name, anna.name]
    assert [event.payload for event in answer.events] == ['{"label": "car"}'] * 2
    assert [event.duration for event in answer.events] == [0, 0]


def test_previous_event_continues_the_hours(server: Server, anna: User, client: Client) -> None:
    now = events.now()
    previous = models.ClientEventsRequestPreviousEvent(
        scope="draw:object", timestamp=now - dt.timedelta(seconds=13), job_id=7
    )
    push(client, 3, now, previous_event=previous)
    # 10 s from the previous event to the first, 2 s between the three.
    assert events.stored_hours(exports.rows(server, anna)) == {7: 12_000}


def test_list_flow(client: Client) -> None:
    push(client, 3)
    api = client.api_client.events_api
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    _, response = api.list(_from=begin, job_id=7)
    assert response.status == 202
    query_id = json.loads(response.data)["query_id"]

    wait_for("the export", lambda: api.list(query_id=query_id)[1].status == 201)
    _, response = api.list(query_id=query_id, action="download", _parse_response=False)
    assert response.status == 200
    rows = exports.parse(response.data)
    assert [row["obj_id"] for row in events.without_working_time(rows)] == ["0", "1", "2"]


def test_export_polling_and_download(client: Client, anna: User, tmp_path: Path) -> None:
    push(client, 3)
    endpoint = client.api_client.events_api.create_export_endpoint
    path = Downloader(client).prepare_and_download_file_from_endpoint(
        endpoint, tmp_path, query_params={"filename": "my events.csv"}, status_check_period=0.05
    )
    assert path == tmp_path / "my events.csv"
    rows = exports.parse(path.read_bytes())
    assert {row["user_name"] for row in rows} == {anna.name}
    assert len(events.without_working_time(rows)) == 3


def test_create_export_and_requests(server: Server, client: Client, tmp_path: Path) -> None:
    push(client, 3)
    api = client.api_client.requests_api
    begin = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    created, response = client.api_client.events_api.create_export(_from=begin, location="local")
    assert response.status == 202

    request, _ = client.wait_for_completion(created.rq_id, status_check_period=0.05)
    assert (request.id, request.status.value, request.message) == (created.rq_id, "finished", "")
    assert (request.operation.type, request.operation.target) == ("export:events", "events")
    assert request.owner.username == "anna"
    assert request.created_date <= request.started_date <= request.finished_date
    assert request.expiry_date - request.finished_date == dt.timedelta(hours=1)
    assert request.result_url.startswith(server.url)

    listed, _ = api.list(status="finished", action="export", target="events")
    assert [item.id for item in listed.results] == [created.rq_id]
    assert (listed.count, listed.next, listed.previous) == (1, None, None)
    assert api.list(status="failed")[0].count == 0

    # The name of the file is the server's own, within the SDK's rules.
    path = Downloader(client).download_file(request.result_url, tmp_path)
    assert path.name.startswith("logs_")
    assert path.suffix == ".csv"


def test_requests_are_private(server: Server, client: Client) -> None:
    created, _ = client.api_client.events_api.create_export()
    request, _ = client.wait_for_completion(created.rq_id, status_check_period=0.05)
    with make_client(server.url, credentials=server.add_user("bert").basic) as other:
        assert other.api_client.requests_api.list()[0].count == 0
        with pytest.raises(exceptions.ForbiddenException):
            other.api_client.requests_api.retrieve(created.rq_id)
        with pytest.raises(exceptions.ForbiddenException):
            Downloader(other).download_file(request.result_url, Path("/dev/null"))
    with make_client(server.url, credentials=server.add_user("root", "admin").basic) as admin:
        assert admin.api_client.requests_api.retrieve(created.rq_id)[0].status.value == "finished"
    with pytest.raises(exceptions.NotFoundException):
        client.api_client.requests_api.retrieve("00000000-0000-4000-8000-000000000000")


def test_cancel_of_a_finished_request_is_an_error(client: Client) -> None:
    created, _ = client.api_client.events_api.create_export()
    client.wait_for_completion(created.rq_id, status_check_period=0.05)
    with pytest.raises(exceptions.ApiException) as refused:
        client.api_client.requests_api.create_cancel(created.rq_id)
    assert refused.value.status == 400


def test_cancel_of_a_queued_request(make_server) -> None:
    server = make_server(query_max_concurrent=1).start()
    anna = server.add_user("anna")
    # Enough rows that the exports in front are not done when the last one is cancelled.
    rows = [events.server_event(user_id=1, obj_id=index) for index in range(50_000)]
    assert events.ingest(server, rows).status_code == 200
    admin = server.add_user("root", "admin")
    with make_client(server.url, credentials=admin.basic) as client:
        api = client.api_client.requests_api
        front = [client.api_client.events_api.create_export()[0].rq_id for _ in range(4)]
        last = client.api_client.events_api.create_export()[0].rq_id
        assert api.retrieve(last)[0].status.value == "queued"
        with make_client(server.url, credentials=anna.basic) as other, pytest.raises(exceptions.ForbiddenException):
            other.api_client.requests_api.create_cancel(last)
        _, response = api.create_cancel(last)
        assert response.status == 200
        for rq_id in front:
            client.wait_for_completion(rq_id, status_check_period=0.05)
        # A cancelled request is gone, or it says that it failed; it never finishes.
        statuses = {item.id: item.status.value for item in api.list()[0].results}
        assert statuses.get(last, "failed") == "failed"


def test_parquet(server: Server, admin: User, client: Client) -> None:
    """Not CVAT's: `format=parquet` beside its filters."""
    push(client, 3)
    rq_id = exports.request_export(server, admin, format="parquet", **exports.ALL)
    request = exports.finish_request(server, admin, rq_id)
    assert request["status"] == "finished", request
    answer = requests.get(request["result_url"], headers=admin.headers, timeout=30)
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].rstrip('"').endswith(".parquet")
    table = pyarrow.parquet.read_table(io.BytesIO(answer.content))
    assert table.column_names == events.FIELDS

    csv_rows = exports.rows(server, admin)
    assert table.num_rows == len(csv_rows) == 4
    for parquet_row, csv_row in zip(table.to_pylist(), csv_rows, strict=True):
        texts = {name: "" if value is None else str(value) for name, value in parquet_row.items()}
        for name in set(events.FIELDS) - {"timestamp"}:
            assert texts[name] == csv_row[name], name
        assert parquet_row["timestamp"] == dt.datetime.fromisoformat(csv_row["timestamp"])


def test_access_tokens(server: Server, client: Client, anna: User) -> None:
    auth = client.api_client.auth_api
    expiry = dt.datetime.now(dt.UTC).replace(microsecond=0) + dt.timedelta(days=7)
    made, response = auth.create_access_tokens(
        models.AccessTokenWriteRequest(name="script", read_only=True, expiry_date=expiry)
    )
    assert response.status == 201
    assert (made.name, made.read_only, made.expiry_date) == ("script", True, expiry)
    assert made.owner.username == anna.name
    listed, _ = auth.list_access_tokens()
    assert "script" in [token.name for token in listed.results]
    assert all("value" not in token.to_dict() for token in listed.results)
    assert listed.count == len(listed.results)
    narrowed, _ = auth.list_access_tokens(name="script", page_size=1)
    assert [token.id for token in narrowed.results] == [made.id]

    with Client(server.url) as other:
        other.login(AccessTokenCredentials(made.value))
        assert other.users.retrieve_current_user().username == anna.name
        mine, _ = other.api_client.auth_api.retrieve_access_tokens_self()
        assert mine.id == made.id
        # It is for reading.
        with pytest.raises(exceptions.ForbiddenException):
            other.api_client.auth_api.list_access_tokens()

    changed, _ = auth.partial_update_access_tokens(
        made.id, patched_access_token_write_request=models.PatchedAccessTokenWriteRequest(name="job", expiry_date=None)
    )
    assert (changed.name, changed.expiry_date, changed.read_only) == ("job", None, True)
    found, _ = auth.retrieve_access_tokens(made.id)
    assert found.name == "job"
    _, response = auth.destroy_access_tokens(made.id)
    assert response.status == 204
    with pytest.raises(exceptions.NotFoundException):
        auth.retrieve_access_tokens(made.id)


def test_what_old_sdks_know_of_a_request(server: Server, client: Client, anna: User) -> None:
    """cvat-sdk 2.20 to 2.31 fail on a list with a target other than these; later ones take any."""
    client.api_client.events_api.create_export()
    for agent, targets in (("cvat_sdk/2.20.0", {"project", "task", "job"}), ("cvat_sdk/2.80.0", {"events"})):
        headers = {**anna.headers, "User-Agent": agent}
        listed = requests.get(f"{server.url}/api/requests", headers=headers, timeout=10).json()["results"]
        assert len(listed) == 1
        one = requests.get(f"{server.url}/api/requests/{listed[0]['id']}", headers=headers, timeout=10).json()
        for request in (*listed, one):
            assert request["operation"]["target"] in targets
            assert request["operation"]["type"] == "export:events"
            assert all(request[field] is not None for field in ("id", "status", "operation", "created_date"))
