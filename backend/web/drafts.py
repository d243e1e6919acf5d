"""Drafts: what somebody had typed when their login ended, shown again after the next login.

A draft travels in hidden fields from page to page and is stored nowhere.
"""

from __future__ import annotations

from itertools import islice

from flask import Response, make_response, render_template, request
from flask.globals import request_ctx
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException

from backend.request.csrf import is_same_origin
from backend.web.forms import DRAFT_FIELD, ONCE_FIELD, Form, own_address

_PREFIX = "draft."
_ADDRESS = "draft_for"
# What a form sends beside what was typed; a new page has its own.
_NOT_TYPED = frozenset({"csrf_token", DRAFT_FIELD, ONCE_FIELD})
# An order among the most members has 400 or so. Each field that somebody sends comes back twenty
# times as long, to whoever asks: 350,000 fit into a request.
_MOST_FIELDS = 1000


def has_draft() -> bool:
    """Tell whether this request brings typed text that may be shown again.

    Only what a page of ours sent: another site must not put words into somebody's mouth.
    """
    typed = any(name not in _NOT_TYPED for name, _ in _fields(request.form))
    return request.method == "POST" and typed and is_same_origin() is not False


def ask_to_log_in(onward: str) -> Response:
    """Return the login page with what was typed in it."""
    fields = [(name, value) for name, value in _fields(request.form) if name != "csrf_token"]
    kept = [(_ADDRESS, request.path), *((f"{_PREFIX}{name}", value) for name, value in fields)]
    return _login_page(kept, onward, "Your login has ended.", 401)


def ask_again(reason: str, status: int) -> Response:
    """Return the login page again with its draft after the login was refused unread."""
    onward = own_address(request.args.get("next", "")) or ""
    return _login_page(carried_fields(), onward, reason, status)


def _login_page(kept: list[tuple[str, str]], onward: str, reason: str, status: int) -> Response:
    message = f"{reason} Log in again: what you typed is kept, and nothing was saved."
    page = render_template("login.html", form=Form(message=message), onward=onward, kept=kept)
    return make_response(page, status)


def carried_fields() -> list[tuple[str, str]]:
    """Return the hidden fields of a draft that the login form has brought."""
    return [
        (name, value)
        for name, value in _fields(request.form)
        if name == _ADDRESS or name.startswith(_PREFIX)
    ]


def page_back_to_form() -> Response | None:
    """Return the page that leads back to the form, if the login form has brought a draft."""
    address = own_address(request.form.get(_ADDRESS, ""))
    if address is None or nearest_page(address) is None:
        return None
    fields = [
        (name.removeprefix(_PREFIX), value) for name, value in carried_fields() if name != _ADDRESS
    ]
    return back_to_form(address, fields)


def back_to_form(address: str, fields: list[tuple[str, str]] | None = None) -> Response:
    """Return a page with one button, which opens the form at `address` with what was typed."""
    if fields is None:
        fields = [one for one in _fields(request.form) if one[0] not in {"csrf_token", DRAFT_FIELD}]
    return make_response(
        render_template("draft.html", address=address, fields_kept=fields, draft=DRAFT_FIELD)
    )


def nearest_page(path: str) -> str | None:
    """Return the address nearest to `path`, upwards, that a browser can open; None: not ours."""
    adapter = request_ctx.url_adapter
    while path.startswith("/") and adapter is not None:
        try:
            endpoint, _ = adapter.match(path, method="GET")
        except HTTPException:
            path = path.rpartition("/")[0]
            continue
        return path if endpoint.startswith(("private.", "public.")) else None
    return None


def _fields(form: MultiDict[str, str]) -> list[tuple[str, str]]:
    """Return the fields as they were sent; none if there are more than a form of ours has."""
    found = list(islice(form.items(multi=True), _MOST_FIELDS + 1))
    return found if len(found) <= _MOST_FIELDS else []
