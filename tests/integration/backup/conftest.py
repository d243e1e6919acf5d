"""SQLite files to back up."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.integration.backup.shop import Command, Shop


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    """Return a file of its own."""
    return Shop(tmp_path / "shop.db")


@pytest.fixture
def command(shop: Shop) -> Command:
    """Return the command on the file."""
    return Command(shop.path)
