"""The smoke test of a release before users reach it: pages, files and the database behind them.

A release that answers its health checks and nothing else must not get through.
"""

import json

from deploy.rollout.colors import Colors
from deploy.rollout.errors import SmokeTestError
from deploy.rollout.route import Color

_ASSETS = r'(?:href|src)="(/static/[^"]+)"'

EXPECTATIONS: tuple[dict[str, str], ...] = (
    {"path": "/login", "status": "200", "contains": "<form", "assets": _ASSETS},
    {"path": "/signup", "status": "200", "contains": "<form", "assets": _ASSETS},
    {"path": "/api/openapi.json", "status": "200", "contains": '"paths"'},
    {"path": "/api/v1/groups", "status": "401"},
    # A token that nobody has: only the database can say so.
    {"path": "/api/v1/groups", "status": "401", "authorization": "Bearer smoke-test"},
    {"path": "/api/health", "status": "200", "contains": '"db_ms"'},
    {"path": "/no-such-page", "status": "404"},
)


def smoke_test(colors: Colors, color: Color) -> str:
    """Ask a colour for real pages; return how many were right, or fail with those that were not."""
    result = colors.probe(color, json.dumps(EXPECTATIONS))
    if not result.ok:
        wrong = result.out.strip() or result.said
        raise SmokeTestError(
            f"{color} says that it is ready, but does not answer like the application",
            evidence=f"{wrong}\n{colors.log_tail(color.service)}",
        )
    return f"{len(EXPECTATIONS)} pages and calls answered as they should"
