"""What an older server cannot do, which no other test would notice."""

import pytest

from tests.integration.transfer.conftest import write

# The wheel has no ICU, which alone offers such collations; of another provider's it is said here.
FOLDED = (
    "CREATE COLLATION folded (provider = libc, locale = 'C.UTF-8')",
    "UPDATE pg_collation SET collisdeterministic = false WHERE collname = 'folded'",
    "ALTER TABLE a ALTER t TYPE text COLLATE folded, ALTER t SET NOT NULL, ADD UNIQUE (t),"
    " ADD u varchar(9) COLLATE folded",
)
ROWS = [(1, "x", None), (2, "y", None), (3, 'say "a,b"\n', "Çay")]


@pytest.fixture
def empty(older_postgres_server):
    """A database without tables, on that server."""
    database = older_postgres_server.new_database()
    yield database
    older_postgres_server.drop_database(database)


def test_text_of_a_nondeterministic_collation_is_loaded_compared_and_updated(move) -> None:
    move.prepare(*FOLDED)
    write(
        move.source,
        "ALTER TABLE a ADD u text",
        """INSERT INTO a VALUES (3, 'say "a,b"\n', 'Çay')""",
    )

    loaded = move()

    assert loaded.code == 0, loaded.err
    assert move.rows() == ROWS
    assert move("--verify-only").code == 0

    write(move.source, "UPDATE a SET t = 'X' WHERE id = 1")

    differing = move("--verify-only")
    updated = move("--update")

    assert differing.code == 3
    assert updated.code == 0, updated.err
    assert move.rows() == [(1, "X", None), *ROWS[1:]]
