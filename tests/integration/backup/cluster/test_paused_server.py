"""Where a replay stands still: at its target, at the end of the WAL, or where it must not stop."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import psycopg
import pytest

from backend.backup.restore.paused_server import ReplayEnd, wait_until_still
from backend.errors import FoundWanting
from tests.fix_postgres import PostgresServer

Replayed = Callable[[str, Mapping[str, str]], PostgresServer]

STANDBY = {"wal_retrieve_retry_interval": "500ms", "recovery_target_action": "pause"}
TARGET = {**STANDBY, "recovery_target_name": "the-point"}
MAKE_POINT = "SELECT pg_create_restore_point('the-point')"


def end_of(server: PostgresServer) -> ReplayEnd:
    assert server.process
    return wait_until_still(server.process, server.url, server.folder / "log")


def test_a_target_is_told_from_the_end_of_the_wal(
    cluster: PostgresServer, replayed: Replayed
) -> None:
    cluster.execute("CREATE TABLE before_it ()", MAKE_POINT, "CREATE TABLE after_it ()")

    server = replayed("standby.signal", TARGET)
    end = end_of(server)

    assert end.is_target
    server.execute("TABLE before_it")
    with pytest.raises(psycopg.errors.UndefinedTable):
        server.execute("TABLE after_it")


def test_without_a_target_it_stands_at_the_end_of_the_wal(
    cluster: PostgresServer, replayed: Replayed
) -> None:
    cluster.execute("CREATE TABLE newest ()")

    server = replayed("standby.signal", STANDBY)
    end = end_of(server)

    assert not end.is_target
    assert end.last_commit
    server.execute("TABLE newest")


def test_a_pause_before_the_target_is_not_taken_for_it(
    cluster: PostgresServer, replayed: Replayed
) -> None:
    """A standby stops where a setting that needs memory was raised, and says it is paused."""
    cluster.stop()
    cluster.settings = {**cluster.settings, "max_connections": "150"}
    cluster.start()
    cluster.execute(MAKE_POINT)

    server = replayed("standby.signal", TARGET)

    with pytest.raises(FoundWanting, match="max_connections = 100 is a lower setting than"):
        end_of(server)
