"""Failures as pages for people; none of them asks the database anything."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, make_response, render_template, request, url_for

from backend.request.csrf import is_same_origin
from backend.request.failures import Failure
from backend.request.lifecycle import request_id
from backend.web import drafts
from backend.web.forms import see_other

_WORDS = {
    HTTPStatus.NOT_FOUND: ("Nothing here", "This page does not exist, or it is not yours to see."),
    HTTPStatus.SERVICE_UNAVAILABLE: (
        "One moment, please",
        "The database does not answer right now. Nothing is lost: try again in a few seconds.",
    ),
    HTTPStatus.INTERNAL_SERVER_ERROR: (
        "That was our fault",
        "Something went wrong that should not have. It has been noted; nothing was saved.",
    ),
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE: ("Too much", "That was more than we can take at once."),
}

# Why a login with a draft was refused unread.
_REASONS = {
    HTTPStatus.FORBIDDEN: "This page was out of date.",
    HTTPStatus.SERVICE_UNAVAILABLE: "The database does not answer right now.",
}


def error_page(failure: Failure) -> Response:
    """Return the page of a failure; who is not logged in is asked to."""
    if failure.status == HTTPStatus.UNAUTHORIZED:
        return _login()
    if failure.status == HTTPStatus.METHOD_NOT_ALLOWED and request.method in {"GET", "HEAD"}:
        # The address of a form that was refused, loaded again.
        return see_other(drafts.nearest_page(request.path) or "/")
    if failure.status in _REASONS and (shown_again := _with_draft(failure.status)):
        return shown_again
    title, text = _words(failure)
    page = render_template(
        "error.html", title=title, text=text, status=failure.status.value, request_id=request_id()
    )
    return make_response(page, failure.status.value)


def _words(failure: Failure) -> tuple[str, str]:
    if failure.status == HTTPStatus.FORBIDDEN:
        return "This was not taken", failure.detail
    return _WORDS.get(failure.status, (failure.status.phrase, failure.detail))


def _login() -> Response:
    if request.method == "GET":
        return see_other(url_for("public.login", next=request.full_path.rstrip("?")))
    onward = drafts.nearest_page(request.path) or ""
    if drafts.has_draft():
        return drafts.ask_to_log_in(onward)
    return see_other(url_for("public.login", next=onward))


def _with_draft(status: HTTPStatus) -> Response | None:
    """Return the form again that was refused unread, if something was typed in it."""
    if not is_same_origin():
        return None
    if request.endpoint == "public.check_login" and drafts.carried_fields():
        return drafts.ask_again(_REASONS[status], status)
    is_stale = status == HTTPStatus.FORBIDDEN and (request.endpoint or "").startswith("private.")
    return drafts.back_to_form(request.path) if is_stale and drafts.has_draft() else None
