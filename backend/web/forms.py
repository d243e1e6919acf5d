"""Plain forms: a form that is sent twice runs once; a refused one is shown again as typed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from urllib.parse import urlsplit

from flask import Response, redirect, request
from werkzeug.exceptions import BadRequest

from backend.request.failures import failure_of
from backend.request.identity import require_person
from backend.services.errors import InvalidInput, KeyReused, StateConflict, TryLater
from backend.services.idempotency import KeyedRequest, Reply, keyed_request, run_once

ONCE_FIELD = "once"
# Sent with a form that is only to be shown again with what was typed.
DRAFT_FIELD = "draft"
_NOT_CONTENT = {"csrf_token"}


@dataclass(frozen=True)
class Form:
    """What a form shows: its values, and which of them is wrong and why."""

    values: Mapping[str, str] = field(default_factory=dict)
    wrong: str = ""
    message: str = ""

    def value(self, name: str, default: str = "") -> str:
        """Return the text of a field."""
        return self.values.get(name, default)


def refused(error: InvalidInput | StateConflict, names: Mapping[str, str] | None = None) -> Form:
    """Return the form as it was sent, with the reason why it was not taken.

    `names` says how a field of the service is called in the form.
    """
    if isinstance(error, KeyReused):
        message = "You have sent this form before. To send it once more as it is now, press again."
        return Form(request.form, message=message)
    path = error.field if isinstance(error, InvalidInput) else ""
    return Form(request.form, wrong=(names or {}).get(path, path), message=str(error))


def retry_later(error: TryLater) -> Form:
    """Return the form as it was sent, asking to try again later."""
    return Form(request.form, message=f"Sorry, {error}.")


def set_retry_after(response: Response, error: TryLater) -> Response:
    """Set the status and headers that say when to try again."""
    failure = failure_of(error)
    response.status_code = failure.status
    response.headers.update(failure.headers)
    return response


def once_token() -> str:
    """Return the hidden value by which a form that is sent twice is recognised."""
    return str(uuid.uuid4())


def submit(act: Callable[[], str]) -> Response:
    """Run `act` once for this form, then send the browser to the page that it names.

    Raises:
        InvalidInput: it refuses the form, or the form is a draft.
    """
    if DRAFT_FIELD in request.form:
        raise InvalidInput("This is what you typed before you logged in. Send it now.", field="")
    reply = run_once(_key(), lambda: Reply(303, location=act()))
    return see_other(reply.location or "/")


def see_other(address: str) -> Response:
    """Redirect with 303 See Other, so that reloading the page sends no form again."""
    response = redirect(address, 303)
    assert isinstance(response, Response)  # noqa: S101 - werkzeug's signature is wider than Flask's
    return response


def own_address(address: str) -> str | None:
    """Return the address if it is one of this site; None if it leads elsewhere.

    Browsers take a backslash for a slash, and `//host` for another site.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    outside = parts.scheme or parts.netloc or "\\" in address or not address.startswith("/")
    return None if outside or address.startswith("//") or not address.isprintable() else address


def member_field(name: str) -> uuid.UUID:
    """Return the member that a field of the form names."""
    try:
        return uuid.UUID(request.form.get(name, ""))
    except ValueError:
        raise InvalidInput("choose somebody", field=name) from None


def date_field(name: str) -> date:
    """Return the date that a field of the form names."""
    try:
        return date.fromisoformat(request.form.get(name, ""))
    except ValueError:
        raise InvalidInput("is not a date", field=name) from None


def _key() -> KeyedRequest:
    token = request.form.get(ONCE_FIELD)
    if not token:
        raise BadRequest("this form is not one of ours")
    fields = sorted(
        (name, value) for name, value in request.form.items(multi=True) if name not in _NOT_CONTENT
    )
    content = repr(fields).encode("utf-8", "surrogatepass")
    return keyed_request(require_person().id, f"form {token}", request.path.encode(), content)
