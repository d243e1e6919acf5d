"""The JSON API."""

from __future__ import annotations

from flask import Flask

from backend.api import auth, groups, health, orders, settlements, tokens
from backend.api.openapi import make_api
from backend.api.problems import problem
from backend.api.replies import UniformJson

__all__ = ["problem", "register"]


def register(app: Flask) -> None:
    """Give `app` the API under /api."""
    app.json = UniformJson(app)
    api = make_api(app)
    for resource in (auth, tokens, groups, orders, settlements, health):
        api.register_blueprint(resource.blueprint)
