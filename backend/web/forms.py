"""Plain forms: sent twice, carried out once; refused, shown again with what was typed."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from flask import Response, redirect, request
from werkzeug.exceptions import BadRequest

from backend.request.failures import failure_of
from backend.request.identity import require_person
from backend.services.errors import Conflict, InvalidInput, KeyReused, TryLater
from backend.services.idempotency import KeyedRequest, Reply, carry_out, keyed_request

ONCE = "once"
# Sent with a form that is to be shown again with what was typed, and not carried out.
DRAFT = "draft"
_NOT_CONTENT = {"csrf_token"}


@dataclass(frozen=True)
class Form:
    """What a form shows: the values in it, and what is wrong with which of them."""

    values: Mapping[str, str] = field(default_factory=dict)
    wrong: str = ""
    message: str = ""

    def value(self, name: str, default: str = "") -> str:
        """Return what stands in a field."""
        return self.values.get(name, default)


def refused(error: InvalidInput | Conflict, names: Mapping[str, str] | None = None) -> Form:
    """Return the form as it was sent, with the reason why it was not taken.

    `names` says how a field of the service is called in the form.
    """
    if isinstance(error, KeyReused):
        message = "You have sent this form before. To send it once more as it is now, press again."
        return Form(request.form, message=message)
    path = error.field if isinstance(error, InvalidInput) else ""
    return Form(request.form, wrong=(names or {}).get(path, path), message=str(error))


def later(error: TryLater) -> Form:
    """Return the form as it was sent: in a moment the same may be let through."""
    return Form(request.form, message=f"Sorry, {error}.")


def put_off(response: Response, error: TryLater) -> Response:
    """Say in status and headers when to try again."""
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
    if DRAFT in request.form:
        raise InvalidInput("This is what you typed before you logged in. Send it now.", field="")
    reply = carry_out(_key(), lambda: Reply(303, location=act()))
    return see(reply.location or "/")


def see(address: str) -> Response:
    """Send the browser to another page, so that reloading it sends no form again."""
    response = redirect(address, 303)
    assert isinstance(response, Response)  # noqa: S101 - werkzeug's signature is wider than Flask's
    return response


def inside(address: str) -> str | None:
    """Return the address if it leads to one of our own pages.

    Browsers take a backslash for a slash, and `//host` for another site.
    """
    try:
        parts = urlsplit(address)
    except ValueError:
        return None
    outside = parts.scheme or parts.netloc or "\\" in address or not address.startswith("/")
    return None if outside or address.startswith("//") or not address.isprintable() else address


def _key() -> KeyedRequest:
    token = request.form.get(ONCE)
    if not token:
        raise BadRequest("this form is not one of ours")
    fields = sorted(
        (name, value) for name, value in request.form.items(multi=True) if name not in _NOT_CONTENT
    )
    content = repr(fields).encode("utf-8", "surrogatepass")
    return keyed_request(require_person().id, f"form {token}", request.path.encode(), content)
