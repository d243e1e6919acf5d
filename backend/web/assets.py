"""Static files, under addresses that change with their content.

The name stays and `?v=` changes: a page that was loaded before a deploy still finds its files
after it. Only an address that fits the content may be kept for long.
"""

from __future__ import annotations

import hashlib
from functools import cache
from pathlib import Path

from flask import Response, request, send_from_directory, url_for

from backend.web.blueprints import public

FOLDER = Path(__file__).parent / "static"
ONE_YEAR = "public, max-age=31536000, immutable"


@public.get("/static/<path:name>")
def static(name: str) -> Response:
    """Serve a static file."""
    response = send_from_directory(FOLDER, name)
    fits = request.args.get("v") == _version(FOLDER / name)
    response.headers["Cache-Control"] = ONE_YEAR if fits else "no-cache"
    return response


@public.get("/favicon.ico")
def favicon() -> Response:
    """Serve the icon at its well-known address."""
    return static("icon.svg")


def asset_url(name: str) -> str:
    """Return the address of a file in its present form."""
    return url_for("public.static", name=name, v=_version(FOLDER / name))


def _version(path: Path) -> str:
    return _hash(path, path.stat().st_mtime_ns)


@cache
def _hash(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:12]
