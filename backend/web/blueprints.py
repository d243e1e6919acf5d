"""The two blueprints of the pages: one for everybody, one behind the access check."""

from __future__ import annotations

from flask import Blueprint

from backend.request.identity import check_access

public = Blueprint("public", __name__, template_folder="templates")

private = Blueprint("private", __name__)
private.before_request(check_access)
