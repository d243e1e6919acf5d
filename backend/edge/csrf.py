"""Cross-site request forgery: whatever acts through a cookie must show a token of ours."""

from __future__ import annotations

from flask import Flask, request
from flask_wtf.csrf import CSRFProtect, generate_csrf

from backend.edge.identity import has_session

_SAFE = frozenset({"GET", "HEAD", "OPTIONS", "TRACE"})


def init_app(app: Flask) -> None:
    """Protect every unsafe request: all of the pages, and those of the API that use a session."""
    app.config.update(
        # We decide below: a client with a token of its own sends nothing on behalf of a cookie.
        WTF_CSRF_CHECK_DEFAULT=False,
        # The token lives as long as the session that it belongs to, so a page may stay open.
        WTF_CSRF_TIME_LIMIT=None,
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
            protection.protect()


def fresh_token() -> str:
    """Return a token that this session's unsafe requests may show."""
    token: str = generate_csrf()
    return token
