"""Cross-site request forgery: whatever acts through a cookie must show a token of ours."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Flask, request
from flask_wtf.csrf import CSRFError, CSRFProtect, generate_csrf

from backend.request.identity import has_session

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})

STALE_FORM = (
    "This form is out of date: you have logged in or out since it was opened. Nothing was saved;"
    " go back, load the page again, and send it once more."
)
_OTHER_SITE = "This was sent from a page of another site. Nothing was saved."
_UNKNOWN_SITE = (
    "Your browser does not tell which site this was sent from: it sends none of Sec-Fetch-Site,"
    " Origin and Referer. Nothing was saved; allow one of them for this site, and send it again."
)


class OtherSiteError(CSRFError):  # type: ignore[misc] # Flask-WTF carries no types
    """The request was not sent from a page of ours, or does not say so."""


def init_app(app: Flask) -> None:
    """Protect every unsafe request: all of the pages, and those of the API that use a session."""
    app.config.update(
        # We decide below: a client with a token of its own sends nothing on behalf of a cookie.
        WTF_CSRF_CHECK_DEFAULT=False,
        # The token lives as long as the session that it belongs to, so a page may stay open.
        WTF_CSRF_TIME_LIMIT=None,
        # Where a request comes from is told by more than the Referer that Flask-WTF asks for.
        WTF_CSRF_SSL_STRICT=False,
        # Flask-WTF knows one key only; its signer knows a list, the newest last. So a form from
        # before a key rotation is still accepted after it.
        WTF_CSRF_SECRET_KEY=[
            *reversed(app.config["SECRET_KEY_FALLBACKS"]),
            app.config["SECRET_KEY"],
        ],
    )
    protection = CSRFProtect(app)

    @app.before_request
    def check() -> None:
        if request.method in _SAFE or request.endpoint is None:
            return
        if has_session() or not request.path.startswith("/api/"):
            _refuse_other_sites()
            protection.protect()


def fresh_token() -> str:
    """Return a token that this session's unsafe requests may show."""
    token: str = generate_csrf()
    return token


def is_same_origin() -> bool | None:
    """Tell whether the browser says that a page of ours sent this request; None: it does not say.

    An extension or a policy may hold any of the three headers back; a page cannot forge one.
    """
    fetched_from = request.headers.get("Sec-Fetch-Site")
    if fetched_from:
        # "none" is the person, who reloads a page or opens a bookmark.
        return fetched_from in {"same-origin", "none"}
    origin = request.headers.get("Origin", "null")
    said = origin if origin != "null" else request.headers.get("Referer")
    return _is_ours(said) if said else None


def _refuse_other_sites() -> None:
    """Refuse a request to a site with TLS that does not come from that site.

    Over plain HTTP somebody in between could write any header; there the token has to do.

    Raises:
        OtherSiteError: it does not, or does not say so.
    """
    if not request.is_secure:
        return
    same = is_same_origin()
    if same is None:
        raise OtherSiteError(_UNKNOWN_SITE)
    if not same:
        raise OtherSiteError(_OTHER_SITE)


def _is_ours(address: str) -> bool:
    try:
        parts = urlsplit(address)
    except ValueError:
        return False
    return parts.netloc == request.host and (parts.scheme == "https" or not request.is_secure)
