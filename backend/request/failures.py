"""Failed requests: from an error to its status and to what the client may know."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from flask import Flask, Response, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from backend.db import errors as database_errors
from backend.errors import AppError, DatabaseError
from backend.request.csrf import STALE_FORM, OtherSiteError
from backend.services.errors import (
    InvalidInput,
    NotAuthenticated,
    NotFound,
    StateConflict,
    TooBusy,
    TooManyTries,
    TryLater,
)

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "2"


@dataclass(frozen=True)
class FieldError:
    """What is wrong with one field of the input."""

    field: str
    message: str


@dataclass(frozen=True)
class Failure:
    """What the client may know about a failed request."""

    status: HTTPStatus
    detail: str = ""
    errors: tuple[FieldError, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)


Present = Callable[[Failure], Response]


def init_app(app: Flask, *, api: Present, pages: Present) -> None:
    """Answer every failure of `app`: as a problem document under /api, as a page elsewhere."""

    @app.errorhandler(Exception)
    def answer(error: Exception) -> Response:
        failure = failure_of(error)
        present = api if request.path.startswith("/api/") else pages
        response = present(failure)
        response.headers.update(failure.headers)
        return response


def failure_of(error: Exception) -> Failure:
    """Return the failure of an error; an unexpected one is logged, and tells nothing."""
    if isinstance(error, HTTPException):
        return _of_http(error)
    known = error if isinstance(error, AppError) else database_errors.translate(error)
    if isinstance(known, DatabaseError):
        log.warning("database unavailable: %s", known)
        return Failure(
            HTTPStatus.SERVICE_UNAVAILABLE,
            "The database does not answer; try again in a moment.",
            headers={"Retry-After": RETRY_AFTER_SECONDS},
        )
    if known is not None and (failure := _of_service(known)):
        return failure
    if isinstance(error, StaleDataError):
        return Failure(HTTPStatus.CONFLICT, "Somebody else has changed this in the meantime.")
    log.error("unexpected error", exc_info=error)
    return Failure(HTTPStatus.INTERNAL_SERVER_ERROR, "This is our fault, and it has been noted.")


def _of_service(error: AppError) -> Failure | None:
    if isinstance(error, InvalidInput):
        wrong = FieldError(error.field, str(error))
        return Failure(HTTPStatus.UNPROCESSABLE_ENTITY, f"{wrong.field}: {wrong.message}", (wrong,))
    statuses = {
        NotAuthenticated: HTTPStatus.UNAUTHORIZED,
        NotFound: HTTPStatus.NOT_FOUND,
        StateConflict: HTTPStatus.CONFLICT,
        TooBusy: HTTPStatus.SERVICE_UNAVAILABLE,
        TooManyTries: HTTPStatus.TOO_MANY_REQUESTS,
    }
    status = statuses.get(type(error))
    return Failure(status, str(error), headers=_headers_of(error)) if status else None


def _headers_of(error: AppError) -> dict[str, str]:
    """Return the headers of an error: Retry-After, where there is a time."""
    return {"Retry-After": str(error.seconds)} if isinstance(error, TryLater) else {}


def _of_http(error: HTTPException) -> Failure:
    if isinstance(error, CSRFError):
        # Flask-WTF's own reasons are about tokens; to a person they all mean the same.
        ours = isinstance(error, OtherSiteError)
        return Failure(HTTPStatus.FORBIDDEN, error.description if ours else STALE_FORM)
    status = HTTPStatus(error.code or 500)
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return Failure(status, "This is our fault, and it has been noted.")
    wrong = tuple(_flat(getattr(error, "data", {}).get("messages", {})))
    detail = "Some fields are not accepted." if wrong else error.description or ""
    headers = {
        name: value for name, value in error.get_headers() if name in {"Allow", "Retry-After"}
    }
    return Failure(status, detail, wrong, headers)


def _flat(messages: object, path: str = "") -> Iterator[FieldError]:
    """Turn the nested messages of a schema into one line per field: `payers.0.amount`."""
    if isinstance(messages, Mapping):
        for key, inner in messages.items():
            # The outermost key says where the field stood: in the body or in the query.
            inner_path = "" if key in {"json", "query"} and not path else f"{path}.{key}".strip(".")
            yield from _flat(inner, inner_path)
    elif isinstance(messages, list):
        for message in messages:
            yield from _flat(message, path)
    else:
        yield FieldError(path, str(messages))
