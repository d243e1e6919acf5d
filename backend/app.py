"""The application factory: wires settings, database, API and pages into one Flask app."""

from __future__ import annotations

from contextlib import suppress

from flask import Flask

from backend import api, web
from backend.config.settings import Settings
from backend.db.capacity import check_capacity
from backend.db.dialect import PoolOptions
from backend.db.extension import Engines, db
from backend.db.watchdog import Watchdog
from backend.errors import ConfigError, DatabaseError
from backend.request import csrf, failures, headers, lifecycle
from backend.request.forwarded import Forwarded
from backend.services import throttle_rows
from backend.services.admission import EXTENSION, Admission
from backend.services.password_slots import shared_slots
from backend.version import release

MAX_BODY_BYTES = 1024 * 1024
# More would wait longer than anybody does.
MOST_LOGINS = 8


def create_app(settings: Settings) -> Flask:
    """Return the app for these settings; it connects to the database with its first request.

    Raises:
        ConfigError: there is no SECRET_KEY.
    """
    app = Flask("backend", static_folder=None)
    app.config.from_mapping(_flask_config(settings))
    engines = Engines(settings.database, pool_options(settings))
    engines.init_app(app)
    lifecycle.init_app(app, Watchdog(engines.dialect))
    db.init_app(app)
    app.extensions[EXTENSION] = Admission(
        shared_slots(), capacity=_login_capacity(settings), find_homes=throttle_rows.homes
    )
    csrf.init_app(app)
    headers.init_app(app)
    failures.init_app(app, api=api.problem, pages=web.error_page)
    api.register(app)
    web.register(app)
    app.wsgi_app = Forwarded(app.wsgi_app, settings)  # type: ignore[method-assign] # Flask's own way
    return app


def preflight(settings: Settings) -> None:
    """Check what would otherwise fail only inside a worker, after the port was bound.

    A database that does not answer is no reason not to start: it may come back, and until then
    `/api/ready` says so.

    Raises:
        ConfigError: no SECRET_KEY, or more connections wanted than the server gives.
    """
    _flask_config(settings)
    with suppress(DatabaseError):
        check_capacity(settings.database, workers=settings.workers, threads=settings.threads)


def pool_options(settings: Settings) -> PoolOptions:
    """Return one connection per thread, under a name that tells colour and release."""
    name = f"app:{settings.color}:{release()}"
    return PoolOptions(size=settings.threads, application_name=name)


def _login_capacity(settings: Settings) -> int:
    """Return how many logins a process takes in; the other threads are for everybody else."""
    return max(1, min(settings.threads // 2, MOST_LOGINS))


def _flask_config(settings: Settings) -> dict[str, object]:
    if not settings.secret_key:
        raise ConfigError(
            "SECRET_KEY is not set",
            hint="set it, or SECRET_KEY_FILE; make one: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        )
    secure = settings.secure_cookies
    return {
        "SETTINGS": settings,
        "SECRET_KEY": settings.secret_key,
        "SECRET_KEY_FALLBACKS": list(settings.secret_key_fallbacks),
        "SESSION_COOKIE_NAME": "__Host-session" if secure else "session",
        "SESSION_COOKIE_SECURE": secure,
        "SESSION_COOKIE_HTTPONLY": True,
        "SESSION_COOKIE_SAMESITE": "Lax",
        "PREFERRED_URL_SCHEME": "https" if secure else "http",
        "MAX_CONTENT_LENGTH": MAX_BODY_BYTES,
        "MAX_FORM_MEMORY_SIZE": MAX_BODY_BYTES,
        # Flask-SQLAlchemy insists on an address; which database it really is, Engines decides.
        "SQLALCHEMY_DATABASE_URI": "sqlite://",
    }
