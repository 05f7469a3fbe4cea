"""Events that are no change of a resource: annotations, datasets, functions, exceptions."""

from __future__ import annotations

import datetime as dt
import traceback
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal
from urllib.parse import parse_qsl

from annoscope_recorder import tables
from annoscope_recorder.context import RequestContext, current
from annoscope_recorder.event import Event, Place, make_event, plain
from annoscope_recorder.secrets import url_without_secrets, without_secrets

# Objects of one event: what its column `count` holds (UInt16).
MAX_OBJECTS = 65_535

# The status of "not authenticated", which is no exception: anybody can cause it, and means nothing by it.
UNAUTHORIZED = 401

AnnotationAction = Literal["create", "update", "delete"]
# `{"tags": […], "shapes": […], "tracks": […]}` in the form of CVAT's API; a list that is missing is empty.
Annotations = Mapping[str, Sequence[Mapping[str, Any]]]


def annotations_changed(
    action: AnnotationAction,
    objects: Annotations,
    *,
    place: Place,
    context: RequestContext | None = None,
    at: dt.datetime | None = None,
) -> list[Event]:
    """`…:tags`, `…:shapes` and `…:tracks` of a job: an event of all tags, one for each type of shapes, one for each
    type of tracks. Payloads have ids alone. No event has more objects than its count can say.
    """
    check_annotation_action(action)
    place = _with_organization(place, context)
    return [
        make_event(
            f"{action}:{kind}",
            {kind: some},
            place=place,
            context=context,
            at=at,
            obj_name=shape_type,
            count=len(some),
        )
        for kind, shape_type, some in _by_type(objects)
    ]


def annotations_replaced(
    old: Annotations,
    new: Annotations,
    *,
    place: Place,
    context: RequestContext | None = None,
    at: dt.datetime | None = None,
) -> list[Event]:
    """A replacement (PUT): what there was is deleted, then what there is now is created."""
    deleted = annotations_changed("delete", old, place=place, context=context, at=at)
    return deleted + annotations_changed("create", new, place=place, context=context, at=at)


def annotations_as_one(
    action: AnnotationAction,
    objects: Annotations,
    *,
    place: Place,
    context: RequestContext | None = None,
    at: dt.datetime | None = None,
) -> Event:
    """`…:annotations`, which CVAT's documentation names and CVAT never sends: one event that counts all objects."""
    check_annotation_action(action)
    counts = {kind: len(objects.get(kind, ())) for kind in tables.ANNOTATION_KINDS}
    return make_event(
        f"{action}:{tables.ANNOTATIONS_AS_ONE}",
        counts,
        place=_with_organization(place, context),
        context=context,
        at=at,
        count=min(sum(counts.values()), MAX_OBJECTS),
    )


def dataset(
    action: Literal["export", "import"],
    format_name: str,
    *,
    place: Place,
    save_images: bool | None = None,
    cloud_storage_id: int | None = None,
    context: RequestContext | None = None,
    at: dt.datetime | None = None,
) -> Event:
    """`export:dataset` or `import:dataset`: recorded when it is asked for. Imports do not say `save_images`."""
    if action not in ("export", "import"):
        raise ValueError(f"datasets are exported or imported; not {action!r}")
    payload: dict[str, Any] = {"format": format_name}
    if save_images is not None:
        payload["save_images"] = save_images
    if cloud_storage_id is not None:
        payload["cloud_storage"] = {"id": cloud_storage_id}
    place = _with_organization(place, context)
    return make_event(f"{action}:dataset", payload, place=place, context=context, at=at)


def function_call(
    function_id: str,
    *,
    place: Place,
    more: Mapping[str, Any] | None = None,
    context: RequestContext | None = None,
    at: dt.datetime | None = None,
) -> Event:
    """`call:function`: a model is asked about a task or a job. The event names no organization."""
    members = {name: without_secrets(name, value) for name, value in plain(more or {}).items()}
    payload = {**members, "function": {"id": function_id}}
    place = Place(None, place.project_id, place.task_id, place.job_id)
    return make_event("call:function", payload, place=place, context=context, at=at)


def job_exception(
    error: BaseException,
    *,
    place: Place | None = None,
    context: RequestContext | None = None,
    at: dt.datetime | None = None,
) -> Event:
    """`send:exception` of a background job that failed."""
    place = _with_organization(place or Place(), context)
    return make_event("send:exception", message_and_stack(error), place=place, context=context, at=at, count=1)


def view_exception(
    error: BaseException,
    *,
    status_code: int,
    method: str,
    url: str,
    content_type: str | None = None,
    basename: str | None = None,
    action: str | None = None,
    context: RequestContext | None = None,
    at: dt.datetime | None = None,
) -> list[Event]:
    """`send:exception` of a request that was answered with an error; none for 401.

    `url` is the path with its query, `basename` and `action` are the route's. Of user and place it has the user alone.
    """
    if status_code == UNAUTHORIZED:
        return []
    query_params = dict(parse_qsl(url.partition("?")[2], keep_blank_values=True))
    payload = {
        "basename": basename,
        "action": action,
        "request": {
            "url": url_without_secrets(url)[: tables.LONGEST_CHARS["url"]],
            "query_params": {name: without_secrets(name, value) for name, value in query_params.items()},
            "content_type": content_type,
            "method": method,
        },
        **message_and_stack(error),
        "status_code": status_code,
    }
    return [make_event("send:exception", payload, place=Place(), context=context, at=at, count=1)]


def check_annotation_action(action: str) -> None:
    """An error where no scope has the action."""
    if action not in tables.ANNOTATION_ACTIONS:
        raise ValueError(f"annotations are created, updated or deleted; not {action!r}")


def message_and_stack(error: BaseException) -> dict[str, str]:
    """What Python prints of an error: the last line, and all of it."""
    lines = traceback.format_exception(type(error), error, error.__traceback__)
    texts = {"message": lines[-1].rstrip("\n"), "stack": "".join(lines)}
    return {name: text[: tables.LONGEST_CHARS[name]] for name, text in texts.items()}


def _with_organization(place: Place, context: RequestContext | None) -> Place:
    return place.or_else(Place(organization=(context or current()).organization))


def _by_type(objects: Annotations) -> Iterator[tuple[str, str | None, list[dict[str, Any]]]]:
    """Kind, type of the shapes, and what payloads have of the objects; types in the order in which they come first."""
    for kind in tables.ANNOTATION_KINDS:
        groups: dict[str | None, list[dict[str, Any]]] = {}
        for annotation in plain(objects.get(kind) or ()):
            groups.setdefault(_type_of(kind, annotation), []).append(_ids_alone(kind, annotation))
        for shape_type, group in groups.items():
            for begin in range(0, len(group), MAX_OBJECTS):
                yield kind, shape_type, group[begin : begin + MAX_OBJECTS]


def _type_of(kind: str, annotation: Mapping[str, Any]) -> str | None:
    """A track is of the type of its first shape, tags have none."""
    if kind == "tracks":
        annotation = next(iter(annotation.get("shapes") or ()), {})
    shape_type = annotation.get("type") if kind != "tags" else None
    return shape_type if isinstance(shape_type, str) else None


def _ids_alone(kind: str, annotation: Mapping[str, Any]) -> dict[str, Any]:
    kept: dict[str, Any] = {"id": annotation.get("id")}
    if kind == "tracks":
        if "shapes" in annotation:
            kept["shapes"] = [{"id": shape.get("id")} for shape in annotation["shapes"]]
        if "visible_shapes_count_diff" in annotation:
            kept["visible_shapes_count_diff"] = annotation["visible_shapes_count_diff"]
    return kept
