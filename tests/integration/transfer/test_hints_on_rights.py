"""A login that lacks a right is told which, and gets there with it."""

import pytest

from tests.integration.transfer.conftest import ask, login, write
from tests.integration.transfer.hints import ROWS, STATEMENT, walk


def test_a_login_without_any_right_gets_there_by_what_is_named(move, role) -> None:
    ran, flags = walk(move, "--update", user=login(move.target, role))

    assert ran.code == 0, ran.out + ran.err
    assert flags == ["--update"]
    assert move.rows() == ROWS


def test_a_login_that_could_only_write_is_told_to_write_in_place(move, role) -> None:
    move.prepare(
        "CREATE SCHEMA mine",
        "ALTER TABLE a SET SCHEMA mine",
        f"GRANT USAGE ON SCHEMA mine TO {role}",
        f"ALTER TABLE mine.a OWNER TO {role}",
    )

    planned = move("--dry-run", "--schema", "mine", login=login(move.target, role))
    ran = move("--update", "--schema", "mine", login=login(move.target, role))

    name = move.target.params["dbname"]
    assert f"GRANT CREATE ON DATABASE {name} TO {role}, or --update" in planned.out
    assert f"GRANT CREATE ON SCHEMA mine TO {role}, or --update" in planned.out
    assert ran.code == 0, ran.out + ran.err
    assert move.rows("mine.a") == ROWS


def test_an_owner_with_the_named_rights_may_exchange(move, role) -> None:
    move.prepare(f"ALTER TABLE a OWNER TO {role}")

    ran, flags = walk(move, user=login(move.target, role))

    assert ran.code == 0, ran.out + ran.err
    assert flags == []
    assert move.rows() == ROWS


def test_an_owner_who_has_taken_from_himself_what_a_lock_asks_for_has_a_way_out(move, role) -> None:
    move.prepare(
        f"ALTER TABLE a OWNER TO {role}",
        f"REVOKE ALL ON a FROM {role}",
        f"GRANT SELECT ON a TO {role}",
    )

    ran, flags = walk(move, user=login(move.target, role))

    assert (ran.code, flags) == (0, [])
    assert move.rows() == ROWS
    assert not ask(move.target, f"SELECT has_table_privilege('{role}', 'a', 'INSERT')")


def test_temporary_tables_are_missed_before_they_are_needed(move, role) -> None:
    name = move.target.params["dbname"]
    move.prepare(
        f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC",
        f"GRANT SELECT, INSERT, UPDATE ON a TO {role}",
        "INSERT INTO a VALUES (1, 'old')",
    )

    ran, _ = walk(move, "--update", user=login(move.target, role))

    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS
    assert ask(move.target, f"SELECT has_database_privilege('{role}', '{name}', 'TEMP')")


OTHERS = [
    pytest.param("ALTER ROLE {role} SET default_transaction_read_only = on", id="only reading"),
    pytest.param(
        "CREATE TABLE o (id integer PRIMARY KEY); INSERT INTO o VALUES (1), (2);"
        " ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES o",
        id="a table referred to",
    ),
    pytest.param(
        "CREATE SCHEMA s; CREATE TABLE s.o (id integer PRIMARY KEY); INSERT INTO s.o VALUES (1), (2);"
        " ALTER TABLE a ADD FOREIGN KEY (id) REFERENCES s.o; GRANT REFERENCES ON s.o TO {role}",
        id="a schema referred to",
    ),
    pytest.param("CREATE TABLE o (id integer REFERENCES a)", id="a table that refers"),
    pytest.param(
        "CREATE SEQUENCE q; ALTER TABLE a ALTER id SET DEFAULT nextval('q')", id="sequence"
    ),
    pytest.param(
        "CREATE FUNCTION f(text) RETURNS boolean LANGUAGE sql IMMUTABLE RETURN true;"
        " REVOKE ALL ON FUNCTION f FROM PUBLIC; ALTER TABLE a ADD CHECK (f(t))",
        id="a function",
    ),
    pytest.param(
        "CREATE SCHEMA s; CREATE FUNCTION s.f(text) RETURNS boolean LANGUAGE sql IMMUTABLE"
        " RETURN true; ALTER TABLE a ADD CHECK (s.f(t))",
        id="a function's schema",
    ),
    pytest.param(
        "CREATE ROLE {role}_owner; ALTER TABLE a OWNER TO {role}_owner;"
        " GRANT {role}_owner TO {role} WITH SET FALSE",
        id="an owner who cannot be acted as",
    ),
]


@pytest.mark.parametrize("made", OTHERS)
def test_what_belongs_to_others_has_a_way_out_for_an_owner(
    move, role, postgres_server, made
) -> None:
    name = move.target.params["dbname"]
    move.prepare(
        f"GRANT CREATE ON DATABASE {name} TO {role}",
        f"GRANT CREATE ON SCHEMA public TO {role}",
        f"ALTER TABLE a OWNER TO {role}",
        *made.format(role=role).split(";"),
    )

    first = move("--dry-run", "--allow-missing-tables", login=login(move.target, role))
    ran, _ = walk(move, "--allow-missing-tables", user=login(move.target, role))

    assert first.code == 77
    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS
    postgres_server.execute(
        f"ALTER TABLE a OWNER TO {role}", f"DROP ROLE IF EXISTS {role}_owner", dbname=name
    )


def test_a_dry_run_leaves_nothing_behind(move, role) -> None:
    name = move.target.params["dbname"]
    move.prepare(
        f"GRANT CREATE ON DATABASE {name} TO {role}",
        f"GRANT CREATE ON SCHEMA public TO {role}",
        f"ALTER TABLE a OWNER TO {role}",
    )
    state = (
        "SELECT jsonb_agg(x) FROM (SELECT nspname::text, 0 FROM pg_namespace UNION ALL"
        " SELECT relname, oid::bigint FROM pg_class ORDER BY 1, 2) x"
    )
    before = ask(move.target, state)

    planned = move("--dry-run", login=login(move.target, role))
    checked = move("--check", login=login(move.target, role))

    assert (planned.code, checked.code) == (0, 0)
    assert ask(move.target, state) == before


@pytest.mark.parametrize("flags", [(), ("--update",), ("--truncate",), ("--verify-only",)])
def test_forced_row_security_has_a_way_out(move, role, flags) -> None:
    name = move.target.params["dbname"]
    move.prepare(
        f"ALTER TABLE a OWNER TO {role}",
        f"GRANT CREATE ON DATABASE {name} TO {role}",
        f"GRANT CREATE ON SCHEMA public TO {role}",
        "ALTER TABLE a ENABLE ROW LEVEL SECURITY",
        "ALTER TABLE a FORCE ROW LEVEL SECURITY",
    )
    user = login(move.target, role)

    planned = move("--dry-run", *flags, login=user) if flags[:1] != ("--verify-only",) else None
    refused = move(*flags, login=user)
    move.prepare(*STATEMENT.findall(refused.err))
    ran = move(*flags, login=user)

    assert planned is None or planned.code == 77
    assert refused.code == 77
    assert "row security hides rows of it" in refused.err
    assert ran.code == (3 if flags == ("--verify-only",) else 0), ran.out + ran.err
    assert ask(move.target, "SELECT relrowsecurity FROM pg_class WHERE relname = 'a'")


def test_row_security_for_somebody_who_is_not_the_owner_has_a_way_out(move, role) -> None:
    move.prepare(
        f"GRANT SELECT, INSERT, UPDATE ON a TO {role}", "ALTER TABLE a ENABLE ROW LEVEL SECURITY"
    )

    ran, _ = walk(move, "--update", user=login(move.target, role))

    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS


@pytest.mark.parametrize("flags", [(), ("--update",)])
def test_who_may_not_make_temporary_tables_can_still_load(move, role, flags) -> None:
    name = move.target.params["dbname"]
    move.prepare(
        f"REVOKE TEMPORARY ON DATABASE {name} FROM PUBLIC",
        f"GRANT CREATE ON DATABASE {name} TO {role}",
        f"GRANT CREATE ON SCHEMA public TO {role}",
        f"ALTER TABLE a OWNER TO {role}",
        "ALTER TABLE a ADD CHECK (t <> 'z')",
    )
    write(move.source, "INSERT INTO a VALUES (3, 'z')")

    refused = move(*flags, login=login(move.target, role))
    write(move.source, "DELETE FROM a WHERE id = 3")
    ran = move(*flags, login=login(move.target, role))

    assert refused.code == 65, refused.out + refused.err
    assert "a_t_check" in refused.err
    assert ran.code == 0, ran.out + ran.err
    assert move.rows() == ROWS


def test_an_excluded_table_that_cannot_be_read_is_told(move, role) -> None:
    write(
        move.source,
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER)",
        "INSERT INTO b VALUES (1, 1)",
    )
    move.prepare(
        "CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a)",
        "INSERT INTO a VALUES (1, 'theirs')",
        f"GRANT SELECT, INSERT, UPDATE ON b TO {role}",
    )
    user = login(move.target, role)

    refused = move("--update", "--exclude", "a", login=user)
    move.prepare(f"GRANT SELECT ON a TO {role}")
    ran = move("--update", "--exclude", "a", login=user)

    assert refused.code == 77, refused.out + refused.err
    assert "b_a_fkey refers to rows of a that cannot be looked at" in refused.err
    assert ran.code == 0, ran.out + ran.err
    assert move.rows("b") == [(1, 1)]


def test_an_excluded_table_that_no_row_refers_to_need_not_be_read(move, role) -> None:
    write(
        move.source,
        "CREATE TABLE b (id INTEGER PRIMARY KEY, a INTEGER)",
        "INSERT INTO b VALUES (1, NULL)",
    )
    move.prepare(
        "CREATE TABLE b (id integer PRIMARY KEY, a integer REFERENCES a)",
        f"GRANT SELECT, INSERT, UPDATE ON b TO {role}",
    )

    ran = move("--update", "--exclude", "a", login=login(move.target, role))

    assert ran.code == 0, ran.out + ran.err
    assert move.rows("b") == [(1, None)]
