"""A request id, a context, and exceptions of views as events."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import Any

from django.core.exceptions import BadRequest, PermissionDenied, SuspiciousOperation, SynchronousOnlyOperation
from django.http import Http404, HttpRequest, HttpResponseBase

from annoscope_recorder import context
from annoscope_recorder.actions import view_exception
from annoscope_recorder.django import record

log = logging.getLogger("annoscope_recorder")

STATUS_OF_ERRORS = (
    (Http404, 404),
    (PermissionDenied, 403),
    (BadRequest, 400),
    (SuspiciousOperation, 400),
)


class RecorderMiddleware:
    """Stands first, so that each answer has the id."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        with context.request(
            user=lambda: user_of(request),
            user_agent=request.headers.get("User-Agent"),
            remote_addr=request.META.get("REMOTE_ADDR") or None,
        ) as current:
            response = self._get_response(request)
            response["X-Request-Id"] = current.id
            return response

    def process_exception(self, request: HttpRequest, error: Exception) -> None:
        """A view failed; its transaction has ended. The answer is Django's or another middleware's."""
        match = request.resolver_match
        try:
            record(
                view_exception(
                    error,
                    status_code=status_of(error),
                    method=request.method,
                    url=request.get_full_path(),
                    content_type=request.content_type or None,
                    basename=match.view_name if match else None,
                    action=getattr(match.func, "__name__", None) if match else None,
                )
            )
        # The database may be what failed, and the host has an answer to give.
        except Exception:
            log.exception("the exception of a view could not be recorded")


def user_of(request: HttpRequest) -> context.User | None:
    """Who is logged in by now. Views that are coroutines say it by `identify`, as Django may not ask there."""
    try:
        user: Any = getattr(request, "user", None)
        if user is None or not user.is_authenticated:
            return None
        return context.User(user.pk, user.get_username(), getattr(user, "email", None))
    except SynchronousOnlyOperation:
        return None


def status_of(error: Exception) -> int:
    """What Django answers to an error that a view raised."""
    return next((status for kind, status in STATUS_OF_ERRORS if isinstance(error, kind)), 500)
