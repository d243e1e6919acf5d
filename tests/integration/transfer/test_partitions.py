"""Tables whose rows do not all lie in one heap: partitions, and tables that others inherit from."""

import pytest

from tests.integration.transfer.conftest import rows, write

A = ("CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT)", "INSERT INTO a VALUES (1,'x'),(2,'y')")
BY_RANGE = (
    "CREATE TABLE a (id bigint PRIMARY KEY, t text) PARTITION BY RANGE (id)",
    "CREATE TABLE a1 PARTITION OF a FOR VALUES FROM (0) TO (100)",
    "CREATE TABLE a2 PARTITION OF a FOR VALUES FROM (100) TO (200)",
)
BY_LIST = (
    "CREATE TABLE a (id bigint NOT NULL, t text) PARTITION BY LIST (t)",
    "CREATE TABLE a1 PARTITION OF a FOR VALUES IN ('x')",
    "CREATE TABLE a2 PARTITION OF a DEFAULT",
)
BY_HASH = (
    "CREATE TABLE a (id bigint PRIMARY KEY, t text) PARTITION BY HASH (id)",
    *(
        f"CREATE TABLE a{n} PARTITION OF a FOR VALUES WITH (MODULUS 3, REMAINDER {n})"
        for n in range(3)
    ),
)
IN_LEVELS = (
    "CREATE TABLE a (id bigint PRIMARY KEY, t text) PARTITION BY RANGE (id)",
    "CREATE TABLE a1 PARTITION OF a FOR VALUES FROM (0) TO (100) PARTITION BY HASH (id)",
    "CREATE TABLE a10 PARTITION OF a1 FOR VALUES WITH (MODULUS 2, REMAINDER 0)",
    "CREATE TABLE a11 PARTITION OF a1 FOR VALUES WITH (MODULUS 2, REMAINDER 1)",
    # Attached with its columns in another order, and with one that is gone.
    "CREATE TABLE a2 (gone int, t text, id bigint NOT NULL)",
    "ALTER TABLE a2 DROP COLUMN gone",
    "ALTER TABLE a ATTACH PARTITION a2 FOR VALUES FROM (100) TO (200)",
)
KINDS = [
    pytest.param(BY_RANGE, id="by range"),
    pytest.param(BY_LIST, id="by list, no key in the target"),
    pytest.param(BY_HASH, id="by hash"),
    pytest.param(IN_LEVELS, id="in levels"),
]
MANY = (
    "INSERT INTO a WITH RECURSIVE n(i) AS (SELECT 3 UNION ALL SELECT i + 1 FROM n WHERE i < 199)"
    " SELECT i, 'n' FROM n"
)
HELD = "INSERT INTO a VALUES (1,'x'), (2,'y'), (101,'p'), (150,'only target')"


@pytest.mark.parametrize("made", KINDS)
def test_only_what_the_source_lacks_is_deleted_from_partitions(elsewhere, made) -> None:
    write(elsewhere.source, *A, "INSERT INTO a VALUES (101,'p')")
    write(elsewhere.target, *made, HELD)

    ran = elsewhere("--update", "--delete")

    assert ran.code == 0, ran.out + ran.err
    assert rows(elsewhere.target, "SELECT * FROM a") == [(1, "x"), (101, "p"), (2, "y")]
    assert "1 removed" in ran.out


@pytest.mark.parametrize("made", KINDS)
def test_partitions_are_filled_changed_and_compared(elsewhere, made) -> None:
    write(elsewhere.source, *A, MANY)
    write(elsewhere.target, *made, "INSERT INTO a VALUES (1,'old'), (150,'old')")
    query = "SELECT count(*), min(t), max(t) FROM a"

    first = elsewhere("--update", "--delete")
    compared = elsewhere("--verify-only")
    again = elsewhere("--update", "--delete", "--json")

    assert first.code == 0, first.out + first.err
    assert compared.code == 0, compared.out
    assert rows(elsewhere.target, query) == [(199, "n", "y")]
    assert '"written": 0,\n      "changed": 0,\n      "removed": 0' in again.out


def test_rows_of_partitions_are_counted_by_what_was_done(elsewhere) -> None:
    write(elsewhere.source, *A, "INSERT INTO a VALUES (101,'p')")
    write(elsewhere.target, *BY_RANGE, "INSERT INTO a VALUES (1,'old'), (2,'y')")

    ran = elsewhere("--update")

    assert ran.code == 0, ran.out + ran.err
    assert "(1 written, 1 changed)" in ran.out


def test_a_row_without_a_partition_is_named_and_nothing_is_written(elsewhere) -> None:
    write(elsewhere.source, *A, "INSERT INTO a VALUES (201,'beyond')")
    write(elsewhere.target, *IN_LEVELS, "INSERT INTO a VALUES (1,'old')")

    ran = elsewhere("--update")
    checked = elsewhere("--check", "--update")

    assert (ran.code, checked.code) == (65, 65)
    assert "a 201: no partition (a): 201" in ran.out
    assert "a 201: no partition (a): 201" in checked.out
    assert rows(elsewhere.target, "SELECT * FROM a") == [(1, "old")]


def test_what_breaks_a_constraint_of_a_partitioned_table_is_named(elsewhere) -> None:
    write(elsewhere.source, *A, "INSERT INTO a VALUES (101,'x')")
    write(elsewhere.target, *BY_RANGE, "ALTER TABLE a ADD CONSTRAINT no_y CHECK (t <> 'y')",
          "CREATE TABLE b (id bigint PRIMARY KEY, a bigint REFERENCES a)")  # fmt: skip
    write(elsewhere.source, "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER)",
          "INSERT INTO b VALUES (1, 101), (2, 102)")  # fmt: skip

    ran = elsewhere("--check", "--update")

    assert ran.code == 65
    assert "a 2: check (no_y): y" in ran.out
    assert "b 2: orphan (b_a_fkey): 102" in ran.out
    assert ran.out.count("refused row") == 2


INHERITED = (
    "CREATE TABLE a (id bigint PRIMARY KEY, t text)",
    "CREATE TABLE c (more int, PRIMARY KEY (id)) INHERITS (a)",
)


def test_tables_that_inherit_are_each_their_own(elsewhere) -> None:
    write(elsewhere.source, *A, "CREATE TABLE c (id INTEGER PRIMARY KEY, t TEXT, more INTEGER)",
          "INSERT INTO c VALUES (1,'z',1),(7,'w',2)")  # fmt: skip
    write(elsewhere.target, *INHERITED, "INSERT INTO a VALUES (1,'old'), (9,'only target')",
          "INSERT INTO c VALUES (1,'old',0), (7,'w',2), (8,'only target',0)")  # fmt: skip

    ran = elsewhere("--update", "--delete")
    compared = elsewhere("--verify-only")

    assert ran.code == 0, ran.out + ran.err
    assert compared.code == 0, compared.out
    assert rows(elsewhere.target, "SELECT * FROM ONLY a") == [(1, "x"), (2, "y")]
    assert rows(elsewhere.target, "SELECT * FROM c") == [(1, "z", 1), (7, "w", 2)]


@pytest.mark.parametrize("keyed", [True, False])
def test_rows_of_a_table_left_alone_stay_though_it_inherits(elsewhere, keyed) -> None:
    write(elsewhere.source, *A if keyed else ("CREATE TABLE a (id INTEGER, t TEXT)", A[1]))
    write(elsewhere.target, *INHERITED, "INSERT INTO a VALUES (1,'x'), (9,'only target')",
          "INSERT INTO c VALUES (2,'here too',0), (8,'only here',0)")  # fmt: skip
    if not keyed:
        write(elsewhere.target, "ALTER TABLE a DROP CONSTRAINT a_pkey")

    ran = elsewhere("--update", "--delete", "--allow-missing-tables")

    assert ran.code == 0, ran.out + ran.err
    assert rows(elsewhere.target, "SELECT * FROM ONLY a") == [(1, "x"), (2, "y")]
    assert rows(elsewhere.target, "SELECT id FROM c") == [(2,), (8,)]
    assert "note: c inherits from a" in ran.out
