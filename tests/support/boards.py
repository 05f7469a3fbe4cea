"""The built-in dashboards: their files, and a server whose activity is asked as the page asks it."""

from __future__ import annotations

import json

import requests

from support import ROOT
from support.server import Server, User

FILES = sorted((ROOT / "dashboards").glob("*.json"))
ALL_BOARDS = {path.stem: json.loads(path.read_text(encoding="utf-8")) for path in FILES}
# Over the named relations; the others ask the events. What `data-quality` finds depends on faults in the data:
# `insights/test_data_quality.py` has them.
INSIGHTS = {uid: board for uid, board in ALL_BOARDS.items() if "insights" in board["tags"]}
BOARDS = {uid: board for uid, board in ALL_BOARDS.items() if uid not in INSIGHTS and uid != "data-quality"}


def query_variables(uid: str) -> list[dict]:
    return [variable for variable in BOARDS[uid]["templating"]["list"] if variable["type"] == "query"]


class Demo:
    """A server with made-up activity, asked as the page asks it."""

    def __init__(self, server: Server, user: User) -> None:
        self.server = server
        self.user = user
        self.first_ms = self.last_ms = 0

    def ask(self, sql: str, variables: dict | None = None) -> dict:
        body = {
            "sql": sql,
            "from": self.first_ms,
            "to": self.last_ms,
            "interval_ms": 3_600_000,
            "variables": variables or {},
        }
        answer = requests.post(f"{self.server.url}/api/query", json=body, headers=self.user.headers, timeout=60)
        assert answer.status_code == 200, f"{answer.text}\n{sql}"
        return answer.json()

    def rows(self, sql: str, variables: dict | None = None) -> list[dict]:
        answer = self.ask(sql, variables)
        columns = [column["name"] for column in answer["columns"]]
        return [dict(zip(columns, row, strict=True)) for row in answer["rows"]]

    def options(self, variable: dict, variables: dict) -> list[str]:
        return [str(value) for value, *_ in self.ask(variable["query"], variables)["rows"]]


def all_of(uid: str) -> dict:
    """The variables of a dashboard with All chosen everywhere."""
    chosen = {variable["name"]: {"all": variable["allValue"]} for variable in query_variables(uid)}
    texts = [variable for variable in BOARDS[uid]["templating"]["list"] if variable["type"] == "textbox"]
    return chosen | {variable["name"]: variable["query"] for variable in texts}


def sql_of(panel: dict) -> str:
    [target] = panel["targets"]
    return target["rawSql"]


def panel_of(uid: str, title: str) -> dict:
    [panel] = [panel for panel in BOARDS[uid]["panels"] if panel["title"] == title]
    return panel
