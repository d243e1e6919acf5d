"""Data for a stack: demo orders, moved into it by its own transfer."""

import tempfile
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from backend.demo import fill
from backend.demo.config import DemoConfig
from tests.system.stack import Stack

_ORDERS_A_USER = 7
_FILE = "demo.db"


def load_demo(stack: Stack, orders: int) -> None:
    """Fill an empty stack with so many orders, and let the planner know of them."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        users = max(1, orders // _ORDERS_A_USER)
        fill(DatabaseUrl("sqlite", path=folder / _FILE), DemoConfig(users=users, orders=orders))
        # The user of the container is somebody else.
        folder.chmod(0o755)
        mounted = ("--volume", f"{folder}:/source:ro", "transfer", "--sqlite", f"/source/{_FILE}")
        stack.compose("run", "--rm", "-T", *mounted, timeout=3600)
    stack.sql("VACUUM ANALYZE")
