"""Health of this process: alive, ready for traffic, and details.

None of these uses the app's pool: they must answer in time when nothing else does.
"""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from flask import current_app, jsonify

from backend.api.blueprint import ResourceBlueprint
from backend.api.messages.health import HealthSchema, LiveSchema, ReadySchema
from backend.db.extension import engines
from backend.db.schema_state import MISSING, SchemaReport, read_schema
from backend.errors import DatabaseError
from backend.request.drain import is_draining
from backend.version import release

if TYPE_CHECKING:
    from flask import Response

    from backend.config.settings import Settings
    from backend.db.dialect import Dialect

PROBE_SECONDS = 1.0
FRESH_SECONDS = 1.0
UNAVAILABLE = 503
_EXTENSION = "hesap_paylas_database_probe"

blueprint = ResourceBlueprint(
    "health", __name__, url_prefix="/api", description="How this process and its database are"
)


@dataclass(frozen=True)
class DatabaseHealth:
    """One reading of the database."""

    reachable: bool
    schema: SchemaReport
    db_ms: float | None


class DatabaseProbe:
    """Reads the database at most once a second, however many ask."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last: tuple[float, DatabaseHealth] | None = None

    def read(self, dialect: Dialect) -> DatabaseHealth:
        """Return the reading of the last second, or read now."""
        with self._lock:
            now = time.monotonic()
            if self._last is None or now - self._last[0] > FRESH_SECONDS:
                self._last = (now, _read(dialect))
            return self._last[1]


def _read(dialect: Dialect) -> DatabaseHealth:
    started = time.perf_counter()
    try:
        schema = read_schema(dialect, seconds=PROBE_SECONDS)
    except DatabaseError:
        return DatabaseHealth(reachable=False, schema=MISSING, db_ms=None)
    elapsed_ms = round((time.perf_counter() - started) * 1000, 1)
    return DatabaseHealth(reachable=True, schema=schema, db_ms=elapsed_ms)


@blueprint.get("/live")
@blueprint.response(200, LiveSchema)
@blueprint.doc(security=[])
def live() -> Response:
    """Say that the process answers; the database is not asked."""
    return jsonify(status="live", **_identity())


@blueprint.get("/ready")
@blueprint.response(200, ReadySchema)
@blueprint.alt_response(503, schema=ReadySchema, description="Not now; `reason` says why")
@blueprint.doc(security=[])
def ready() -> tuple[Response, int]:
    """Say whether this process may get traffic, and if not, why."""
    database = _probe().read(engines().dialect)
    reason = _why_not_ready(database)
    status = "not ready" if reason else "ready"
    body = jsonify(status=status, reason=reason, schema=database.schema.as_dict(), **_identity())
    return _fresh(body), UNAVAILABLE if reason else 200


@blueprint.get("/health")
@blueprint.response(200, HealthSchema)
@blueprint.alt_response(503, schema=HealthSchema, description="The database does not answer")
@blueprint.doc(security=[])
def health() -> tuple[Response, int]:
    """Describe this process and its database."""
    database = _probe().read(engines().dialect)
    body = jsonify(
        status="ok" if database.reachable else "unavailable",
        engine=engines().database.engine,
        schema=database.schema.as_dict(),
        db_ms=database.db_ms,
        **_identity(),
    )
    return _fresh(body), 200 if database.reachable else UNAVAILABLE


def _why_not_ready(database: DatabaseHealth) -> str | None:
    if is_draining():
        return "draining: this process has been told to stop"
    if not database.reachable:
        return f"the database does not answer within {PROBE_SECONDS:g} s"
    if database.schema.state != "ok":
        return (
            f"the schema is {database.schema.state}: expand level {database.schema.expand_level},"
            f" this release needs {database.schema.needs_expand}; contract level"
            f" {database.schema.contract_level}, it tolerates {database.schema.tolerates_contract}"
        )
    return None


def _fresh(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    if response.status_code == UNAVAILABLE:
        response.headers["Retry-After"] = "1"
    return response


def _identity() -> dict[str, str]:
    settings: Settings = current_app.config["SETTINGS"]
    return {"version": release(), "color": settings.color}


def _probe() -> DatabaseProbe:
    probe: DatabaseProbe = current_app.extensions.setdefault(_EXTENSION, DatabaseProbe())
    return probe
