"""Events of resources: created, updated, deleted.

A resource is what the host's API shows of it, as a dictionary. Where it belongs is read from it: `project_id` or
`project`, the same with task, job and organization. What is given as `place` comes first.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any, TypeGuard

from annoscope_recorder import tables
from annoscope_recorder.context import Organization, RequestContext, current
from annoscope_recorder.event import Event, Place, make_event, plain
from annoscope_recorder.secrets import without_secrets

Resource = Mapping[str, Any]


def create(
    kind: str,
    resource: Resource,
    *,
    place: Place | None = None,
    context: RequestContext | None = None,
    at: dt.datetime | None = None,
) -> Event:
    """`create:{kind}`: the payload is the resource, less what other columns have."""
    check_scope("create", kind)
    state = plain(resource)
    payload = {name: shown(kind, name, state) for name in state if name not in tables.LEFT_OUT_OF_CREATE}
    return _of_resource("create", kind, state, _place_of(kind, state, place, context), payload, context, at)


def update(
    kind: str,
    old: Resource,
    new: Resource,
    *,
    place: Place | None = None,
    context: RequestContext | None = None,
    at: dt.datetime | None = None,
) -> list[Event]:
    """`update:{kind}`: an event for each property that differs, with its new and its old value.

    A property that only one of the two has was or becomes null, so a renamed one gives two events. An invitation has
    no updates. An access token that becomes revoked is deleted.
    """
    if kind != "invitation":
        check_scope("update", kind)
    before, after = plain(old), plain(new)
    place = _place_of(kind, {**before, **after}, place, context)
    events = []
    for name in changed_properties(before, after) if kind != "invitation" else ():
        if kind == "accesstoken" and name == "revoked" and after.get(name) is True:
            events.append(_of_resource("delete", kind, after, place, {}, context, at))
            continue
        events.append(
            make_event(
                f"update:{kind}",
                {"old_value": shown(kind, name, before)},
                place=place,
                context=context,
                at=at,
                obj_name=name,
                obj_id=_id_of_property(name, after),
                obj_val=str(shown(kind, name, after)),
            )
        )
    return events


def delete(
    kind: str,
    resource: Resource,
    *,
    place: Place | None = None,
    context: RequestContext | None = None,
    at: dt.datetime | None = None,
) -> Event:
    """`delete:{kind}`, of what nothing else is removed with; for a cascade there is `Cascade`."""
    check_scope("delete", kind)
    state = plain(resource)
    return _of_resource("delete", kind, state, _place_of(kind, state, place, context), {}, context, at)


class Cascade:
    """What a deletion removes, remembered before it does: afterwards nobody can say which project a job was of.

    Parents come before their children. What a child does not say of its place its parents do: of a job it is enough to
    name its task.
    """

    def __init__(self) -> None:
        self._removed: list[tuple[str, dict[str, Any], Place]] = []
        self._places: dict[tuple[str, int], Place] = {}

    def remember(self, kind: str, resource: Resource, *, place: Place | None = None) -> None:
        """Notes a resource that will be removed."""
        check_scope("delete", kind)
        state = plain(resource)
        place = own_place(kind, state, place)
        # The nearest parent first: it knows the others.
        for parent in ("job", "task", "project"):
            above = self._places.get((parent, getattr(place, f"{parent}_id")))
            if above is not None:
                place = place.or_else(above)
        if isinstance(state.get("id"), int):
            self._places[kind, state["id"]] = place
        self._removed.append((kind, state, place))

    def remember_all(self, kind: str, resources: Iterable[Resource]) -> None:
        """`remember` for each."""
        for resource in resources:
            self.remember(kind, resource)

    def deleted(self, *, context: RequestContext | None = None, at: dt.datetime | None = None) -> list[Event]:
        """`delete:…` of each that was remembered, in that order."""
        of_request = Place(organization=(context or current()).organization)
        return [
            _of_resource("delete", kind, state, place.or_else(of_request), {}, context, at)
            for kind, state, place in self._removed
        ]


def check_scope(action: str, kind: str) -> None:
    """An error where there is no such scope, so that a misspelled one is found by the first test."""
    if action not in tables.ACTIONS.get(kind, ()):
        raise ValueError(f"there is no scope {action}:{kind}; resources are {', '.join(tables.ACTIONS)}")


def shown(kind: str, name: str, state: Resource) -> Any:
    """A property as events show it: without secrets, an object without its `url`."""
    value = _without_url(state.get(name))
    if value is not None and name in tables.SECRETS[kind]:
        return tables.SECRET_SHOWN_AS
    return without_secrets(name, value)


def changed_properties(before: Resource, after: Resource) -> list[str]:
    """Names of what is different, in the order of `after`, then what only `before` has."""
    names = [*after, *(name for name in before if name not in after)]
    return [
        name
        for name in names
        if name not in tables.PASSED_OVER_BY_UPDATE
        # `x_id` beside an `x`, whose event has the id.
        and not (name.endswith("_id") and (name[:-3] in before or name[:-3] in after))
        and not _same(_without_url(before.get(name)), _without_url(after.get(name)))
    ]


def own_place(kind: str, state: Resource, given: Place | None) -> Place:
    """Where the resource belongs: `given` first, then its own id, then what it shows of its parents."""
    ids = {
        f"{parent}_id": state.get("id") if kind == parent else _parent_id(parent, state)
        for parent in ("project", "task", "job")
    }
    return (given or Place()).or_else(Place(organization=_organization_of(kind, state), **ids))


def _place_of(kind: str, state: Resource, given: Place | None, context: RequestContext | None) -> Place:
    """The same, with the request's organization where the resource shows none."""
    place = own_place(kind, state, given)
    of_request = (context or current()).organization
    shows = place.organization
    if shows is None:
        return place.or_else(Place(organization=of_request))
    if shows.slug is None and of_request is not None and of_request.id == shows.id:
        return Place(of_request, place.project_id, place.task_id, place.job_id)
    return place


def _organization_of(kind: str, state: Resource) -> Organization | None:
    if kind == "organization":
        return Organization(state.get("id"), state.get("slug"))
    found = state.get("organization")
    org_id = _parent_id("organization", state)
    if org_id is None:
        return None
    return Organization(org_id, found.get("slug") if isinstance(found, dict) else None)


def _parent_id(parent: str, state: Resource) -> int | None:
    """`project_id`, or `project` where that is an id or an object with one."""
    for value in (state.get(f"{parent}_id"), state.get(parent)):
        found = value.get("id") if isinstance(value, dict) else value
        if _is_id(found):
            return found
    return None


def _id_of_property(name: str, state: Resource) -> int | None:
    """The id of what a property refers to: of an assignee the user's."""
    value = state.get(name)
    found = state[f"{name}_id"] if f"{name}_id" in state else value.get("id") if isinstance(value, dict) else None
    return found if _is_id(found) else None


def _is_id(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _same(one: Any, other: Any) -> bool:
    """Whether two values are the same JSON: in Python `True == 1`."""
    if isinstance(one, dict) and isinstance(other, dict):
        return one.keys() == other.keys() and all(_same(one[key], other[key]) for key in one)
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    return isinstance(one, bool) == isinstance(other, bool) and bool(one == other)


def _without_url(value: Any) -> Any:
    """An object loses its `url`, at the first level alone."""
    if isinstance(value, dict):
        return {key: member for key, member in value.items() if key != "url"}
    return value


def _of_resource(
    action: str,
    kind: str,
    state: Resource,
    place: Place,
    payload: Mapping[str, Any],
    context: RequestContext | None,
    at: dt.datetime | None,
) -> Event:
    named_by = tables.NAMES[kind]
    name = state.get(named_by) if named_by else None
    return make_event(
        f"{action}:{kind}",
        payload,
        place=place,
        context=context,
        at=at,
        obj_name=name if isinstance(name, str) else None,
        obj_id=state.get("id") if _is_id(state.get("id")) else None,
    )
