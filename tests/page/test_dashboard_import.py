"""A dashboard's file, sent over HTTP: as it is or wrapped, with what of it the page does not show."""

from __future__ import annotations

import pytest
import requests

from support.server import Server, User

FILE = {
    "title": "From elsewhere",
    "panels": [
        {"type": "row", "title": "Each", "repeat": "users", "panels": []},
        {"type": "geomap", "title": "Where"},
        {"type": "table", "title": "What", "repeat": "users", "transformations": [{"id": "merge"}]},
    ],
    "templating": {"list": [{"name": "extra", "type": "adhoc"}]},
    "annotations": {"list": [{"name": "Releases", "enable": True}]},
    "links": [
        {"type": "link", "title": "Run", "url": "javascript:alert(1)"},
        {"type": "dashboards", "title": "Others", "tags": ["hours"]},
    ],
}
NOTICES = [
    "The variable extra is of the type adhoc, which is not known here.",
    "The annotations Releases are not shown here.",
    "The link Run cannot be followed here.",
    "Where: Panels of the type geomap are not shown here. The file keeps this one as it is.",
    "What: The transformation merge is not applied here.",
]


@pytest.mark.parametrize("wrap", [lambda file: file, lambda file: {"dashboard": file, "overwrite": False}])
def test_a_file_is_taken_and_what_it_misses_is_named(shared_server: Server, shared_admin: User, wrap) -> None:
    url = f"{shared_server.url}/api/dashboards"
    answer = requests.post(url, json=wrap(FILE), headers=shared_admin.headers, timeout=10)
    assert answer.status_code == 201, answer.text
    assert answer.json()["notices"] == NOTICES
    stored = requests.get(f"{url}/{answer.json()['uid']}", headers=shared_admin.headers, timeout=10).json()
    assert stored["dashboard"]["panels"] == FILE["panels"]
    assert stored["dashboard"]["links"] == FILE["links"]
    removed = requests.delete(f"{url}/{answer.json()['uid']}", headers=shared_admin.headers, timeout=10)
    assert removed.status_code == 204


@pytest.mark.parametrize(
    ("body", "words"),
    [
        ({}, "dashboard.title: a text is expected"),
        ({"panels": []}, "dashboard.title: a text is expected"),
        ({"dashboard": {}}, "dashboard.title: a text is expected"),
        ({"title": "x", "panels": [1]}, "dashboard.panels: a list of objects is expected"),
        ([], "JSON parse error"),
    ],
)
def test_what_is_no_dashboard_is_refused_by_name(
    shared_server: Server, shared_admin: User, body: object, words: str
) -> None:
    url = f"{shared_server.url}/api/dashboards"
    answer = requests.post(url, json=body, headers=shared_admin.headers, timeout=10)
    assert answer.status_code == 400
    assert words in answer.json()["detail"]
