"""Kills at moments that are drawn: the file is whole, and so is the last backup of it."""

import os
import subprocess
import sys
import time

import pytest

from backend.cli.progress import Lines
from tests.integration.backup.shop import ROOT, Shop
from tests.seeds import seeded

_COMMANDS = (("create",), ("drill",), ("restore", "--latest", "--yes"))


@pytest.mark.slow
@pytest.mark.parametrize("number", range(20))
def test_a_kill_at_any_moment_loses_neither_file_nor_backup(shop: Shop, number: int) -> None:
    draw = seeded(f"kill {number}")
    first = shop.create()
    shop.execute("INSERT INTO sales (product) VALUES (1)")

    arguments = draw.choice(_COMMANDS)
    process = subprocess.Popen(
        [sys.executable, "backend/db_backup.py", *arguments, "--db", str(shop.path)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stderr=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
    )
    # The moment is what is tried: most of a run is Python that starts.
    time.sleep(draw.uniform(0.2, 2.5))
    process.kill()
    process.wait()

    (rows,) = shop.query("SELECT count(*) FROM sales")[0]
    assert rows in ({2000, 2001} if arguments[0] == "restore" else {2001})
    assert shop.query("PRAGMA integrity_check") == [("ok",)]
    assert shop.backups.verify(Lines()).findings == ()
    assert shop.backups.drill(first.name, Lines()).is_clean
    assert shop.left_over() == []
