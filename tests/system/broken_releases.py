"""Releases that must never serve, and how each of them is refused."""

from dataclasses import dataclass

from benchmarks.swap_drill.releases import append, expand_revision, needs_expand

NEXT_REVISION = expand_revision(1, "CREATE TABLE next_of_test (id bigint PRIMARY KEY)")
WSGI = "/app/backend/wsgi.py"


@dataclass(frozen=True)
class Broken:
    """What is wrong with a release, and what the tool makes of it."""

    label: str
    changes: tuple[str, ...]
    code: int
    cause: str
    evidence: str


def _answers_500(condition: str) -> str:
    """Return the command that makes a release fail wherever the condition holds."""
    return append(
        WSGI,
        "_well = app.wsgi_app",
        "def _broken(environ, start_response):",
        '    path = environ["PATH_INFO"]',
        f"    if {condition}:",
        '        start_response("500 Internal Server Error", [("Content-Length", "0")])',
        '        return [b""]',
        "    return _well(environ, start_response)",
        "app.wsgi_app = _broken",
    )


_HEALTH = '("/api/live", "/api/ready", "/api/health")'

CRASHES = Broken(
    "crashes",
    (append("/app/gunicorn.conf.py", 'raise SystemExit("broken on purpose")'),),
    3,
    "crashed",
    "broken on purpose",
)
NEVER_READY = Broken(
    "never-ready",
    (
        append(
            "/app/backend/api/health.py",
            "def _why_not_ready(look):",
            '    return "this release never is"',
        ),
    ),
    3,
    "not_ready",
    "this release never is",
)
HEALTH_ONLY = Broken(
    "health-only",
    (_answers_500(f"path not in {_HEALTH}"),),
    3,
    "smoke_test_failed",
    "GET /login answered 500",
)
FAILS_WITH_USERS = Broken(
    "fails-with-users",
    (_answers_500(f'path not in {_HEALTH} and "HTTP_X_FORWARDED_FOR" in environ'),),
    3,
    "flipped_back",
    "",
)
WRONG_SCHEMA = Broken("wrong-schema", (needs_expand(99),), 3, "wrong_schema", "needs 99")
FAILING_MIGRATION = Broken(
    "failing-migration",
    (NEXT_REVISION, expand_revision(2, "SELECT 1 / 0")),
    65,
    "migration_failed",
    "division by zero",
)

ALL = (CRASHES, NEVER_READY, HEALTH_ONLY, FAILS_WITH_USERS, WRONG_SCHEMA, FAILING_MIGRATION)
