"""Accounts and their people: a server with an administrator, and its pages in browsers of their own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
import requests
from playwright.sync_api import Browser, Locator, Page, expect

from support.page import Person
from support.server import Server, User, check_log


class Office:
    """A server with an administrator and some others. Each test makes what it changes."""

    def __init__(self, server: Server) -> None:
        self.server = server
        # Before the first start: then no account `admin` is made up.
        self.lena = server.add_user("lena", "admin")
        self.carla = server.add_user("carla", "user")
        server.start()

    def get(self, user: User, path: str) -> requests.Response:
        return requests.get(f"{self.server.url}{path}", headers=user.headers, timeout=10)

    def id_of(self, user: User) -> int:
        return self.get(user, "/api/users/self").json()["id"]


@pytest.fixture(scope="module")
def office(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    directory = tmp_path_factory.mktemp("office")
    office = Office(Server(directory / "data", directory / "server.log"))
    yield office
    office.server.close()
    check_log(office.server)


@pytest.fixture
def visit(office: Office, browser: Browser) -> Iterator[Callable[..., Page]]:
    """Opens a page of accounts as somebody, in a browser of their own."""
    people: list[Person] = []

    def open_as(user: User, path: str = "admin", at: Office = office, **options) -> Page:
        context = browser.new_context(timezone_id="Europe/Berlin", **options)
        people.append(Person(at, context, user))
        page = people[-1].page
        page.goto(f"{at.server.url}/analytics/{path}")
        fill_login(page, user.name, user.password)
        expect(page.get_by_role("button", name=f"Account {user.name}")).to_be_visible()
        return page

    yield open_as
    for person in people:
        person.page.context.close()
        assert person.errors == []


def fill_login(page: Page, name: str, password: str) -> None:
    page.get_by_label("Name or e-mail").fill(name)
    page.get_by_label("Password", exact=True).fill(password)
    page.get_by_role("button", name="Log in").click()


def sheet_of(page: Page, name: str) -> Locator:
    """The side sheet of a user or organization in the list."""
    page.get_by_role("link", name=name, exact=True).click()
    sheet = page.get_by_role("dialog", name=re.compile(f"^{name} #"))
    expect(sheet).to_be_visible()
    return sheet


def confirm(page: Page, title: str, action: str) -> Locator:
    dialog = page.get_by_role("dialog", name=title)
    expect(dialog).to_be_visible()
    dialog.get_by_role("button", name=action, exact=True).click()
    return dialog


def make_token(within: Page | Locator, name: str, scope: str = "all") -> str:
    within.get_by_role("button", name="New token").click()
    within.get_by_label("What for?").fill(name)
    within.get_by_label("May", exact=True).select_option(scope)
    within.get_by_role("button", name="Make the token").click()
    token = within.get_by_role("textbox", name=f"Token {name}").input_value()
    assert token
    return token
