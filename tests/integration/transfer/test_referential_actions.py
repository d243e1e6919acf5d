"""What is deleted or changed in a table that travels may reach tables that are left alone."""

import pytest

from backend.config.database_url import DatabaseUrl
from tests.integration.transfer.conftest import rows, write

A = ("CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT)", "INSERT INTO a VALUES (1,'x'),(2,'y')")
TARGET = (
    "CREATE TABLE a (id bigint PRIMARY KEY, t text UNIQUE)",
    "INSERT INTO a VALUES (1,'x'), (2,'y'), (3,'gone'), (4,'gone too')",
)
LOG = (
    "CREATE TABLE audit_log (id bigint PRIMARY KEY, a_id bigint DEFAULT 1 REFERENCES a {})",
    "INSERT INTO audit_log VALUES (10,1), (11,3), (12,3), (13,4), (14,NULL)",
)
MIRROR = ("--update", "--delete", "--allow-missing-tables")


def log(action: str) -> tuple[str, ...]:
    return tuple(one.replace("{}", action) for one in LOG)


@pytest.mark.parametrize(
    ("action", "said", "after"),
    [
        ("ON DELETE CASCADE", "3 rows would be deleted", [(10, 1), (14, None)]),
        (
            "ON DELETE SET NULL",
            "3 rows would be changed",
            [(10, 1), (11, None), (12, None), (13, None), (14, None)],
        ),
        (
            "ON DELETE SET DEFAULT",
            "3 rows would be changed",
            [(10, 1), (11, 1), (12, 1), (13, 1), (14, None)],
        ),
    ],
)
def test_a_deletion_reaches_a_table_that_is_left_alone(elsewhere, action, said, after) -> None:
    write(elsewhere.source, *A)
    write(elsewhere.target, *TARGET, *log(action))
    before = rows(elsewhere.target, "SELECT * FROM audit_log")

    dry_run = elsewhere(*MIRROR, "--dry-run")
    refused = elsewhere(*MIRROR)

    assert (dry_run.code, refused.code) == (77, 77)
    for words in (dry_run.out, refused.err):
        assert f"audit_log: {said} with rows of a (audit_log_a_id_fkey, {action})" in words
        assert "--allow-cascade" in words
    assert rows(elsewhere.target, "SELECT * FROM audit_log") == before
    assert len(rows(elsewhere.target, "SELECT * FROM a")) == 4

    done = elsewhere(*MIRROR, "--allow-cascade")

    assert done.code == 0, done.out + done.err
    assert f"note: audit_log: {said.replace('would be', 'were')}" in done.out
    assert rows(elsewhere.target, "SELECT * FROM audit_log") == after


def test_what_no_flag_lets_go_is_named(elsewhere) -> None:
    write(elsewhere.source, *A)
    write(elsewhere.target, *TARGET, *log(""))

    ran = elsewhere(*MIRROR, "--allow-cascade")

    assert ran.code == 77
    assert (
        "audit_log: 3 rows refer to rows of a that would be deleted (audit_log_a_id_fkey" in ran.err
    )
    assert len(rows(elsewhere.target, "SELECT * FROM a")) == 4


def test_the_tables_behind_it_are_reached_too(elsewhere) -> None:
    write(elsewhere.source, *A)
    write(
        elsewhere.target, *TARGET, *log("ON DELETE CASCADE"),
        "CREATE TABLE line (id bigint PRIMARY KEY, entry bigint REFERENCES audit_log"
        " ON DELETE CASCADE, n int) PARTITION BY RANGE (id)",
        "CREATE TABLE line_0 PARTITION OF line FOR VALUES FROM (0) TO (10)",
        "CREATE TABLE line_1 PARTITION OF line FOR VALUES FROM (10) TO (20)",
        "INSERT INTO line VALUES (1,11,0), (11,11,0), (12,10,0), (13,13,0)",
        "CREATE TABLE mark (line bigint REFERENCES line ON DELETE SET NULL)",
        "INSERT INTO mark VALUES (1), (1), (12)",
    )  # fmt: skip

    ran = elsewhere(*MIRROR, "--dry-run")
    done = elsewhere(*MIRROR, "--allow-cascade")

    assert "line: 3 rows would be deleted with rows of audit_log" in ran.out
    assert "mark: 2 rows would be changed with rows of line" in ran.out
    assert done.code == 0, done.out + done.err
    assert rows(elsewhere.target, "SELECT id FROM line") == [(12,)]
    assert rows(elsewhere.target, "SELECT line FROM mark") == [(12,), (None,), (None,)]


def test_a_table_that_was_not_chosen_is_left_alone_too(elsewhere) -> None:
    write(elsewhere.source, *A, "CREATE TABLE audit_log (id INTEGER PRIMARY KEY, a_id INTEGER)")
    write(elsewhere.target, *TARGET, *log("ON DELETE CASCADE"))

    ran = elsewhere("--update", "--delete", "--tables", "a")

    assert ran.code == 77
    assert "audit_log: 3 rows would be deleted" in ran.err
    assert len(rows(elsewhere.target, "SELECT * FROM audit_log")) == 5


def test_a_change_of_a_unique_value_reaches_who_refers_to_it(elsewhere) -> None:
    write(elsewhere.source, A[0], "INSERT INTO a VALUES (1,'new'),(2,'y')")
    write(
        elsewhere.target, *TARGET[:1], "INSERT INTO a VALUES (1,'x'), (2,'y')",
        "CREATE TABLE named (t text PRIMARY KEY REFERENCES a (t) ON UPDATE CASCADE)",
        "CREATE TABLE behind (t text REFERENCES named ON UPDATE SET NULL)",
        "INSERT INTO named VALUES ('x'), ('y')", "INSERT INTO behind VALUES ('x'), ('y')",
    )  # fmt: skip

    ran = elsewhere("--update", "--allow-missing-tables")
    done = elsewhere("--update", "--allow-missing-tables", "--allow-cascade")

    assert ran.code == 77
    assert "named: 1 row would be changed with rows of a (named_t_fkey, ON UPDATE CASC" in ran.err
    assert "behind: 1 row would be changed with rows of named" in ran.err
    assert done.code == 0, done.out + done.err
    assert rows(elsewhere.target, "SELECT * FROM named") == [("new",), ("y",)]


def test_nothing_is_said_where_nothing_is_reached(elsewhere) -> None:
    write(elsewhere.source, *A, "INSERT INTO a VALUES (3,'gone'), (4,'changed')")
    write(elsewhere.target, *TARGET, *log("ON DELETE CASCADE ON UPDATE CASCADE"))

    ran = elsewhere(*MIRROR)

    assert ran.code == 0, ran.out + ran.err
    assert len(rows(elsewhere.target, "SELECT * FROM audit_log")) == 5


def test_a_row_of_the_file_does_not_go_with_one_that_it_lacks(elsewhere) -> None:
    write(elsewhere.source, *A, "CREATE TABLE b (id INTEGER PRIMARY KEY, a_id INTEGER)",
          "INSERT INTO b VALUES (1,1), (2,3), (3,1)")  # fmt: skip
    write(elsewhere.target, *TARGET,
          "CREATE TABLE b (id bigint PRIMARY KEY, a_id bigint REFERENCES a ON DELETE CASCADE)",
          "INSERT INTO b VALUES (1,1), (2,3), (3,3), (4,3)")  # fmt: skip

    ran = elsewhere("--update", "--delete")

    assert ran.code == 65, ran.out + ran.err
    assert "refused row: b 2: orphan (b_a_id_fkey): 3" in ran.out
    assert ran.out.count("refused row") == 1
    assert len(rows(elsewhere.target, "SELECT * FROM b")) == 4


def test_cascade_alone_is_a_contradiction(elsewhere) -> None:
    write(elsewhere.source, *A)

    assert elsewhere("--allow-cascade").code == 2


def test_rows_that_this_role_cannot_see_are_told_too(elsewhere, monkeypatch) -> None:
    write(elsewhere.source, *A)
    write(elsewhere.target, *TARGET, *log("ON DELETE CASCADE"))
    role = f"role_{elsewhere.target.params['dbname']}"
    write(elsewhere.target, f"CREATE ROLE {role} LOGIN PASSWORD 'xyz'",
          f"ALTER TABLE a OWNER TO {role}")  # fmt: skip
    as_role = {**elsewhere.target.params, "user": role}
    monkeypatch.setenv(
        "MIGRATE_DATABASE_URL", DatabaseUrl("postgres", params=as_role, password="xyz").conninfo()
    )

    dry_run = elsewhere(*MIRROR, "--dry-run")
    ran = elsewhere(*MIRROR)
    write(elsewhere.target, "ALTER TABLE a OWNER TO postgres", f"DROP ROLE {role}")

    words = "audit_log: rows that this role cannot see would be deleted with rows of a"
    assert (dry_run.code, ran.code) == (77, 77)
    assert words in dry_run.out
    assert words in ran.err
