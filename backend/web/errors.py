"""Failures of the pages, said to a person; none of them asks the database anything."""

from __future__ import annotations

from http import HTTPStatus

from flask import Response, make_response, render_template, request, url_for

from backend.edge.failures import Failure
from backend.lifecycle import request_id
from backend.web.forms import see

_WORDS = {
    HTTPStatus.NOT_FOUND: ("Nothing here", "This page does not exist, or it is not yours to see."),
    HTTPStatus.FORBIDDEN: (
        "This form is out of date",
        "You have logged in or out since it was opened. Go back, load the page again, and send it"
        " once more: nothing was saved.",
    ),
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


def error_page(failure: Failure) -> Response:
    """Return the page of a failure; who is not logged in is asked to."""
    if failure.status == HTTPStatus.UNAUTHORIZED:
        wanted = request.full_path.rstrip("?") if request.method == "GET" else None
        return see(url_for("web.login", next=wanted))
    title, text = _WORDS.get(failure.status, (failure.status.phrase, failure.detail))
    page = render_template(
        "error.html", title=title, text=text, status=failure.status.value, request_id=request_id()
    )
    return make_response(page, failure.status.value)
