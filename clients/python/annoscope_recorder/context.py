"""What is known of the request that causes events: its id, who asked, for which organization.

A middleware begins one for each request. Builders read the current one, in the request and in background work that
it was carried to.
"""

from __future__ import annotations

import contextvars
import functools
import uuid
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True)
class User:
    """Who asked."""

    id: int | None = None
    name: str | None = None
    email: str | None = None


@dataclass(frozen=True)
class Organization:
    """For which organization."""

    id: int | None = None
    slug: str | None = None


@dataclass
class RequestContext:
    """One request. User and organization are often known later than the request: set them when they are."""

    # A UUID of version 4, made here and taken from nobody; None outside of a request.
    id: str | None = None
    user_agent: str | None = None
    # Asked for each event, where it is a function: the one who is logged in by then.
    user: User | Callable[[], User | None] | None = None
    organization: Organization | None = None
    access_token_id: int | None = None
    remote_addr: str | None = None

    def known_user(self) -> User | None:
        """The user, as far as is known now."""
        return self.user() if callable(self.user) else self.user

    def members(self) -> dict[str, Any]:
        """`payload.request` of the events."""
        request: dict[str, Any] = {"id": self.id}
        if self.user_agent is not None:
            request["user_agent"] = self.user_agent
        return request

    def carry(self) -> dict[str, Any]:
        """All of it as JSON values, to be put into the message of a queue; `carried` takes it there."""
        user = self.known_user()
        return {
            "id": self.id,
            "user_agent": self.user_agent,
            "user": asdict(user) if user else None,
            "organization": asdict(self.organization) if self.organization else None,
            "access_token_id": self.access_token_id,
            "remote_addr": self.remote_addr,
        }


_CURRENT: contextvars.ContextVar[RequestContext | None] = contextvars.ContextVar("annoscope_request", default=None)


def current() -> RequestContext:
    """The context of the request, or an empty one outside of any."""
    return _CURRENT.get() or RequestContext()


@contextmanager
def request(**known: Any) -> Iterator[RequestContext]:
    """Begins a request with a new id. What middlewares do; for other frameworks by hand."""
    with within(RequestContext(id=str(uuid.uuid4()), **known)) as context:
        yield context


@contextmanager
def within(context: RequestContext) -> Iterator[RequestContext]:
    """Makes `context` the current one."""
    token = _CURRENT.set(context)
    try:
        yield context
    finally:
        _CURRENT.reset(token)


@contextmanager
def carried(message: Mapping[str, Any] | None) -> Iterator[RequestContext]:
    """In a worker: goes on in the context that `RequestContext.carry` wrote, or in an empty one without."""
    known = dict(message or {})
    user, organization = known.pop("user", None), known.pop("organization", None)
    context = RequestContext(
        user=User(**user) if user else None,
        organization=Organization(**organization) if organization else None,
        **known,
    )
    with within(context):
        yield context


def carrying(function: Callable[..., Result]) -> Callable[..., Result]:
    """`function` in the context of now, for a thread or an executor of the same process."""
    context = current()

    @functools.wraps(function)
    def run(*args: Any, **kwargs: Any) -> Result:
        with within(context):
            return function(*args, **kwargs)

    return run


def identify(user: User | None = None, organization: Organization | None = None) -> None:
    """Says who asks, once that is known: in the view or the dependency that authenticates."""
    context = current()
    if user is not None:
        context.user = user
    if organization is not None:
        context.organization = organization
