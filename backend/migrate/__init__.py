"""Around Alembic: a lock, two phases, retries, and checks before anything is touched."""

from backend.migrate.runner import upgrade

__all__ = ["upgrade"]
