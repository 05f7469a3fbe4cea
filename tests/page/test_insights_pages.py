"""Project, Team, Job and My hours: queries answer, figures lead on, and who sees own events alone sees own rows."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, expect

from insights.scenario import ANNOTATORS, PROJECT, Project, scripted
from support.boards import INSIGHTS, Demo, sql_of
from support.page import Person, Site, accessibility_problems
from support.server import Server, check_log

PANELS = [
    pytest.param(uid, panel, id=f"{uid}: {panel['title']}")
    for uid, board in INSIGHTS.items()
    for panel in board["panels"]
]
RANGE = "from=now-30d&to=now"
LOOKS = {
    "project": f"?{RANGE}&var-projects={PROJECT['project_id']}",
    "job": f"?{RANGE}&var-job=11",
    "team": f"?{RANGE}",
    "my-hours": f"?{RANGE}",
}


class Told(Site):
    """A server with the scripted project, whose annotators have accounts."""

    def __init__(self, server: Server) -> None:
        super().__init__(server)
        self.project = Project(server)
        scripted(self.project)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    directory = tmp_path_factory.mktemp("insights-pages")
    server = Server(directory / "data", directory / "server.log").start()
    yield Told(server)
    server.close()
    check_log(server)


@pytest.fixture
def ada(site: Told, browser: Browser) -> Iterator[Person]:
    """Who sees her own events alone."""
    context = browser.new_context(viewport={"width": 1440, "height": 1000}, timezone_id="Europe/Berlin")
    person = Person(site, context, site.project.account("ada")).log_in()
    yield person
    context.close()
    assert person.errors == []


def demo_of(site: Told, who: str | None = None) -> Demo:
    demo = Demo(site.server, site.lena if who is None else site.project.account(who))
    demo.first_ms = int(site.project.at(-1, "00:00").timestamp() * 1000)
    demo.last_ms = int(site.project.at(12, "00:00").timestamp() * 1000)
    return demo


def variables(**chosen: object) -> dict:
    """All of them, but for those that are chosen."""
    return {"projects": {"all": "-1"}, "users": {"all": "-1"}, "job": "11", "timezone": "Europe/Berlin", **chosen}


@pytest.mark.parametrize(("uid", "panel"), PANELS)
def test_a_panel_answers_with_what_it_names(site: Told, uid: str, panel: dict) -> None:
    # My hours are those of an annotator.
    demo = demo_of(site, "ada" if uid == "my-hours" else None)
    answer = demo.ask(sql_of(panel), variables())
    # Nobody of the script is idle for three days but those whose work is done.
    assert answer["rows"] or panel["title"] in ("Nothing happens", "Waiting for review")
    names = {column["name"] for column in answer["columns"]}
    text = {str(value) for row in answer["rows"] for value in row}
    for override in panel["fieldConfig"]["overrides"]:
        named = override["matcher"]["options"]
        assert named in names or panel["type"] == "timeseries", (named, names)
    links = str(panel["fieldConfig"])
    for field in re.findall(r"__data\.fields\.(\w+)", links):
        assert field in names, field
    for label in re.findall(r"__field\.labels\.(\w+)", links):
        assert label in names, label
    assert text or not answer["rows"]


@pytest.mark.parametrize("uid", INSIGHTS)
def test_each_figure_says_its_definition_and_leads_on(uid: str) -> None:
    for panel in INSIGHTS[uid]["panels"]:
        assert len(panel["description"]) > 30, panel["title"]
        leads = panel.get("links") or "links" in str(panel["fieldConfig"])
        # A list of events is what there is at the end.
        assert leads or panel["title"] in ("Events",), panel["title"]


def test_a_project_is_what_its_relations_say(site: Told) -> None:
    demo = demo_of(site)
    panels = {panel["title"]: panel for panel in INSIGHTS["project"]["panels"]}
    chosen = variables(projects=[str(PROJECT["project_id"])])

    def rows(title: str) -> list[dict]:
        return demo.rows(sql_of(panels[title]), chosen)

    # Of the script: 11, 12, 21 and 31 were accepted; 13 is in validation, 22 was deleted.
    assert rows("Jobs done") == [{"jobs": 4}]
    assert sum(int(row["jobs"]) for row in rows("Jobs by step")) == 5
    steps = {row["Job"]: row["Step"] for row in rows("Jobs")}
    assert steps["#13"] == "in review"
    assert steps["#11"] == "done"
    assert "#22" not in steps
    assert [row["Job"] for row in rows("Waiting for review")] == ["#13"]
    [rate] = rows("First-pass rate")
    first = rows("First decisions")
    n_first = sum(int(row["accepted at once"]) + int(row["rejected"]) for row in first)
    assert int(rate["first decisions"]) == n_first
    assert rate["rate"] == pytest.approx(sum(int(row["accepted at once"]) for row in first) / n_first)
    # The last column of bars is what is there now.
    columns = rows("Where the jobs are")
    last = max(row["time"] for row in columns)
    now = {row["step"]: int(row["jobs"]) for row in columns if row["time"] == last and int(row["jobs"])}
    assert now == {row["step"]: int(row["jobs"]) for row in rows("Jobs by step")}
    hours = sum(row["hours"] for row in rows("Hours by role"))
    assert hours == pytest.approx(rows("Hours")[0]["hours"])


def test_people_beside_the_range_before(site: Told) -> None:
    demo = demo_of(site)
    panel = next(panel for panel in INSIGHTS["team"]["panels"] if panel["title"] == "People")
    whole = {row["user_id"]: row for row in demo.rows(sql_of(panel), variables())}
    assert [row["Person"] for row in whole.values()] == sorted(row["Person"] for row in whole.values())
    begin, end = demo.first_ms, demo.last_ms
    demo.first_ms = begin + (end - begin) // 2
    halves = {row["user_id"]: row for row in demo.rows(sql_of(panel), variables())}
    # What the range before has and what this one has is all that there is.
    assert halves.keys() == whole.keys()
    for user, row in whole.items():
        half = halves[user]
        assert half["Hours"] + half["Hours before"] == pytest.approx(row["Hours"])


def test_my_hours_are_mine(site: Told) -> None:
    panels = {panel["title"]: panel for panel in INSIGHTS["my-hours"]["panels"]}
    for who, user in ANNOTATORS.items():
        demo = demo_of(site, who)
        [own] = demo.rows(sql_of(panels["Hours"]), variables())
        told = demo.rows("SELECT sum(ms) / 3600000 AS hours, uniqExact(user_id) AS people FROM hours", variables())
        assert own["hours"] == pytest.approx(told[0]["hours"])
        assert int(told[0]["people"]) == 1, user
        counted = demo.rows(sql_of(panels["What was counted"]), variables())
        assert sum(row["Counted"] for row in counted) == pytest.approx(own["hours"] * 60)
    # An administrator sees everybody's rows, and here none: there is nothing of her own.
    assert demo_of(site).rows(sql_of(panels["What was counted"]), variables()) == []


@pytest.mark.parametrize("uid", INSIGHTS)
def test_every_panel_shows_something(site: Told, person: Person, ada: Person, uid: str) -> None:
    who = ada if uid == "my-hours" else person
    page = who.open(uid, LOOKS[uid])
    for panel in page.locator("article").all():
        panel.scroll_into_view_if_needed()
        expect(panel).to_have_attribute("aria-busy", "false")
        title = panel.get_attribute("aria-label")
        if title != "Nothing happens":
            expect(panel.locator(".state"), title).to_have_count(0)
        expect(panel.get_by_role("button", name=re.compile("not applied|not done|not drawn"))).to_have_count(0)


def test_a_job_is_followed_from_the_project(person: Person) -> None:
    page = person.open("project", LOOKS["project"])
    person.panel("Jobs by step").get_by_role("link", name=re.compile("^in review: 1")).click()
    expect(page.get_by_role("article")).to_have_count(1)
    rows = person.panel("Jobs").locator("[role=rowgroup] [role=row]")
    expect(rows).to_have_count(1)
    rows.first.get_by_role("link", name="#13").click()
    expect(page.get_by_role("heading", level=1, name="Job")).to_be_visible()
    person.settled()
    history = person.panel("History")
    expect(history.get_by_role("link", name=re.compile("^Stage: validation"))).not_to_have_count(0)
    expect(history.get_by_role("link", name=re.compile("^cyd #103: "))).not_to_have_count(0)
    marks = history.get_by_role("list", name="Annotations").get_by_role("button")
    expect(marks.first).to_have_accessible_name(re.compile("Decisions .*rejected, round 1"))


def test_few_decisions_are_marked(person: Person) -> None:
    person.open("team", LOOKS["team"])
    table = person.panel("People")
    expect(table.get_by_text(re.compile("^[1-4] – few$")).first).to_be_visible()


def test_the_start_page_begins_with_the_first_question(person: Person, ada: Person) -> None:
    def titles(who: Person) -> list[str]:
        who.page.goto(f"{who.site.server.url}/analytics/")
        cards = who.page.get_by_role("heading", name="Dashboards", exact=True).locator("+ ul > li a")
        expect(cards.first).to_be_visible()
        return [text.split("\n")[0] for text in cards.all_inner_texts()]

    assert titles(person)[:4] == ["Project", "Team", "Job", "Timesheet"]
    assert titles(ada)[0] == "My hours"


@pytest.mark.parametrize("uid", INSIGHTS)
@pytest.mark.parametrize(("scheme", "width"), [("light", 1440), ("dark", 1440), ("light", 390)])
def test_accessibility(site: Told, browser: Browser, uid: str, scheme: str, width: int) -> None:
    context = browser.new_context(color_scheme=scheme, viewport={"width": width, "height": 3000})
    user = site.project.account("ada") if uid == "my-hours" else site.lena
    person = Person(site, context, user).log_in()
    page = person.open(uid, LOOKS[uid])
    assert accessibility_problems(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert person.errors == []
