"""The pages: rendered here, plain forms; they work without JavaScript."""

from __future__ import annotations

from flask import Flask

from backend.web import accounts, groups, orders  # noqa: F401 - they put their views on the blueprints
from backend.web.assets import asset_url
from backend.web.blueprints import private, public
from backend.web.errors import error_page
from backend.web.filters import day, initial, label, tint
from backend.web.forms import once_token

__all__ = ["error_page", "register"]


def register(app: Flask) -> None:
    """Give `app` its pages."""
    app.register_blueprint(public)
    app.register_blueprint(private)
    app.jinja_env.globals.update(asset_url=asset_url, once_token=once_token)
    app.jinja_env.filters.update(day=day, initial=initial, label=label, tint=tint)
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
