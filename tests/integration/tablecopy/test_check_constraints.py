"""Rows that break constraints of the target are named before a load, and nothing stays of that."""

from contextlib import closing

import psycopg
import pytest

from backend.tablecopy.check_constraints import check_constraints
from backend.tablecopy.encoder import encoder
from backend.values.conversion import Casts
from tests.integration.tablecopy.carrying import both, write

SOURCE = (
    "CREATE TABLE person (id INTEGER PRIMARY KEY, name TEXT, age, boss INTEGER)",
    "CREATE TABLE badge (code TEXT, person INTEGER)",
)
TARGET = """
    CREATE FUNCTION grown(integer) RETURNS boolean IMMUTABLE LANGUAGE sql AS 'SELECT $1 > 17';
    CREATE DOMAIN code AS text CHECK (VALUE <> 'never');
    CREATE TABLE person (id bigint PRIMARY KEY, name text NOT NULL,
        age integer NOT NULL CHECK (grown(age)), boss bigint REFERENCES person,
        number serial, folded text GENERATED ALWAYS AS (lower(name)) STORED UNIQUE);
    CREATE TABLE badge (code code, person bigint REFERENCES person);
    CREATE UNIQUE INDEX badge_code_key ON badge (lower(code));
    CREATE UNIQUE INDEX one_each ON badge (person) WHERE code <> 'spare';
"""


@pytest.fixture
def connection(empty_target):
    with closing(psycopg.connect(empty_target.conninfo, autocommit=True)) as connection:
        connection.execute(TARGET)
        yield connection


def violations(path, target, *statements):
    write(path, *SOURCE, *statements)
    with both(path, target) as sides:
        encoders = [encoder(one, Casts()) for one in sides.pairs()]
        found = check_constraints(sides.session, sides.source.connection, encoders)
    return {(one.table, one.key, str(one.kind), one.constraint) for one in found.rows}


def test_the_target_s_own_words_decide(connection, empty_target, tmp_path):
    named = violations(
        tmp_path / "a.db",
        empty_target,
        "INSERT INTO person VALUES (1, 'Ana', 30, 2), (2, 'ANA', 30, NULL), (3, 'Bo', 17, NULL),"
        " (4, 'Cem', 40, 3), (5, 'Can', 40, 99), (6, 'Su', 'x', 5)",
        "INSERT INTO badge VALUES ('k', 4), ('spare', 4), ('K', 6), (NULL, NULL), ('m', 4)",
    )

    assert named == {
        ("person", "1", "duplicate", "person_folded_key"),
        ("person", "2", "duplicate", "person_folded_key"),
        ("person", "3", "check", "person_age_check"),
        ("person", "5", "orphan", "person_boss_fkey"),
        ("badge", "(k,4)", "duplicate", "badge_code_key"),
        ("badge", "(K,6)", "duplicate", "badge_code_key"),
        ("badge", "(k,4)", "duplicate", "one_each"),
        ("badge", "(m,4)", "duplicate", "one_each"),
        ("person", "1", "dependant", "person_boss_fkey"),
        ("person", "4", "dependant", "person_boss_fkey"),
        ("person", "6", "dependant", "person_boss_fkey"),
        ("badge", "(k,4)", "dependant", "badge_person_fkey"),
        ("badge", "(K,6)", "dependant", "badge_person_fkey"),
        ("badge", "(spare,4)", "dependant", "badge_person_fkey"),
        ("badge", "(m,4)", "dependant", "badge_person_fkey"),
    }


def test_nothing_is_left_behind_and_nothing_has_counted_on(connection, empty_target, tmp_path):
    query = "SELECT (SELECT count(*) FROM pg_class), (SELECT count(*) FROM pg_namespace)"
    before = connection.execute(query).fetchall()

    named = violations(
        tmp_path / "a.db", empty_target, "INSERT INTO person VALUES (1, 'Ana', 30, 1)"
    )

    assert named == set()
    assert connection.execute(query).fetchall() == before
    assert connection.execute("SELECT count(*) FROM person").fetchone() == (0,)
    assert connection.execute("SELECT nextval('person_number_seq')").fetchone() == (1,)


def test_what_a_domain_refuses_is_named(connection, empty_target, tmp_path):
    named = violations(
        tmp_path / "a.db",
        empty_target,
        "INSERT INTO badge VALUES ('never', NULL), (NULL, NULL), ('k', NULL)",
    )

    assert named == {("badge", "(never,)", "check", "code_check")}


def test_what_an_exclusion_keeps_apart_is_named(connection, empty_target, tmp_path):
    connection.execute(
        "CREATE TABLE stay (id bigint PRIMARY KEY, room inet, first int, last int, EXCLUDE USING"
        " gist (room inet_ops WITH &&, int4range(first, last) WITH &&) WHERE (room IS NOT NULL))"
    )

    named = violations(
        tmp_path / "a.db",
        empty_target,
        "CREATE TABLE stay (id INTEGER PRIMARY KEY, room TEXT, first INTEGER, last INTEGER)",
        "INSERT INTO stay VALUES (1, '10.0.0.1', 1, 5), (2, '10.0.0.1', 5, 9),"
        " (3, '10.0.0.0/24', 8, 10), (4, NULL, 1, 9), (5, '10.0.1.1', 1, 9)",
    )

    assert named == {
        ("stay", "2", "exclusion", "stay_room_int4range_excl"),
        ("stay", "3", "exclusion", "stay_room_int4range_excl"),
    }
