"""What must hold between the rows of the app, and cannot be said in a constraint of one table."""

from backend.invariants.checks import Scope, check, check_rows

__all__ = ["Scope", "check", "check_rows"]
