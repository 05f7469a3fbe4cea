"""CVAT's own Grafana dashboards: every panel's query and every variable's, with several choices made."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from .data import START
from .grafana import Context, Value, expand

# Beside the checkout; a checkout alone has none.
DIRECTORY = Path(__file__).resolve().parents[3] / "shared" / "fixtures" / "dashboards"
SELECTIONS = ("all", "one", "many")
# The variables of which one value is chosen in "one", with all of the others: one of each would find no event.
ONE_OF = ("users", "projects")

DAY_MS = 86_400_000
START_MS = int(START.timestamp()) * 1000

# Short enough that no table reaches its LIMIT of 1000 rows, which would cut among events of one time.
RANGES = {
    "four-days": Context(START_MS + 30 * DAY_MS, START_MS + 34 * DAY_MS - 1, 600_000),
    "a-morning": Context(START_MS + 45 * DAY_MS + 25_200_500, START_MS + 45 * DAY_MS + 43_200_250, 61_500),
}


@dataclass(frozen=True)
class Variable:
    """A variable of a dashboard. `all_value`: what "All" is written as, if the dashboard says so."""

    name: str
    sql: str
    all_value: str


@dataclass(frozen=True)
class Case:
    """A query of a dashboard, with a range of time, and which values are chosen."""

    dashboard: str
    title: str
    sql: str
    range: str
    selection: str
    variables: tuple[Variable, ...]

    @property
    def id(self) -> str:
        return f"{self.dashboard}/{self.title}/{self.range}/{self.selection}".replace(" ", "-")


# Runs a query's text and returns the first column.
Choices = Callable[[str], list[object]]


def cases() -> Iterator[Case]:
    for path in sorted(DIRECTORY.glob("cvat-*.json")):
        dashboard = json.loads(path.read_text(encoding="utf-8"))
        variables = tuple(
            Variable(item["name"], item["query"], item.get("allValue") or "")
            for item in dashboard["templating"]["list"]
            if item["type"] == "query"
        )
        queries = [(f"${variable.name}", variable.sql) for variable in variables]
        queries += [(panel["title"], target["rawSql"]) for panel, target in targets(dashboard["panels"])]
        for title, sql in queries:
            depends = any(f"${{{variable.name}}}" in sql for variable in variables)
            for range_ in RANGES:
                for selection in SELECTIONS if depends else SELECTIONS[:1]:
                    yield Case(path.stem, title, sql, range_, selection, variables)


def targets(panels: list[dict]) -> Iterator[tuple[dict, dict]]:
    """Each query of the panels, and of the panels in collapsed rows."""
    for panel in panels:
        for target in panel.get("targets", []):
            if target.get("rawSql"):
                yield panel, target
        yield from targets(panel.get("panels", []))


def choose(case: Case, choices: Choices) -> Context:
    """The context of a case: variables are given values in their order, as one may depend on those before it."""
    context = RANGES[case.range]
    for variable in case.variables:
        selection = "all" if case.selection == "one" and variable.name not in ONE_OF else case.selection
        if selection == "all" and variable.all_value:
            value: Value = {"all": variable.all_value}
        else:
            value = select(choices(expand(variable.sql, context)), selection)
        context = replace(context, variables=context.variables | {variable.name: value})
    return context


def select(options: list[object], selection: str) -> list[str]:
    """Some of a variable's options, all as texts. NULL is none of them: ClickHouse refuses an id of ''."""
    texts = sorted(str(option) for option in options if option not in (None, ""))
    return {"all": texts, "one": texts[:1], "many": texts[:1] + texts[len(texts) // 2 :]}[selection]


def expanded(case: Case, choices: Choices) -> str:
    """The text that ClickHouse gets from Grafana."""
    return expand(case.sql, choose(case, choices))
