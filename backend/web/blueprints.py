"""Two doors: one that is open, and one behind which everybody is known."""

from __future__ import annotations

from flask import Blueprint

from backend.request.identity import admit

everybody = Blueprint("web", __name__, template_folder="templates")

members_only = Blueprint("pages", __name__)
members_only.before_request(admit)
