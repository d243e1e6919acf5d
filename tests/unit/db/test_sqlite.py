"""Every connection to a file keeps the promises that SQLite by itself does not make."""

from pathlib import Path

import pytest

from backend.config.database_url import DatabaseUrl
from backend.db.dialect import dialect_for


@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        pytest.param("journal_mode", "wal", id="readers and a writer at once"),
        pytest.param("foreign_keys", 1, id="references hold"),
        pytest.param("synchronous", 2, id="an acknowledged write survives a power cut"),
        pytest.param("busy_timeout", 5000, id="a writer is waited for"),
    ],
)
def test_a_connection_is_set(tmp_path: Path, pragma: str, value: int | str) -> None:
    engine = dialect_for(DatabaseUrl("sqlite", path=tmp_path / "test.db")).create_engine()

    with engine.connect() as connection:
        found = connection.exec_driver_sql(f"PRAGMA {pragma}").scalar_one()
    engine.dispose()

    assert found == value
