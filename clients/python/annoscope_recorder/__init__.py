"""Server events of an annotation tool, for annoscope: recorded in the host's transaction, sent beside its work.

Builders make events of what happens to a host's resources; each has the id of the request that caused it. An outbox
keeps them, and a relay takes them to annoscope.
"""

from annoscope_recorder.actions import (
    annotations_as_one,
    annotations_changed,
    annotations_replaced,
    dataset,
    function_call,
    job_exception,
    view_exception,
)
from annoscope_recorder.context import (
    Organization,
    RequestContext,
    User,
    carried,
    carrying,
    current,
    identify,
    request,
    within,
)
from annoscope_recorder.event import Event, Place, to_json
from annoscope_recorder.outbox import FileOutbox, HostOutbox, Outbox, counts
from annoscope_recorder.relay import Backoff, Relay
from annoscope_recorder.resources import Cascade, create, delete, update
from annoscope_recorder.rows import Counts
from annoscope_recorder.sender import Sender

__all__ = [
    "Backoff",
    "Cascade",
    "Counts",
    "Event",
    "FileOutbox",
    "HostOutbox",
    "Organization",
    "Outbox",
    "Place",
    "Relay",
    "RequestContext",
    "Sender",
    "User",
    "annotations_as_one",
    "annotations_changed",
    "annotations_replaced",
    "carried",
    "carrying",
    "counts",
    "create",
    "current",
    "dataset",
    "delete",
    "function_call",
    "identify",
    "job_exception",
    "request",
    "to_json",
    "update",
    "view_exception",
    "within",
]
