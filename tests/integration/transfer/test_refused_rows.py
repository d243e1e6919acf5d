"""Whatever the target refuses, the answer names the row, and the target is as it was."""

import pytest

from tests.integration.transfer.conftest import rows, write

A = ("CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT)", "INSERT INTO a VALUES (1,'x'),(2,'y')")
ADDRESSES = (A[0], "INSERT INTO a VALUES (1,'a@x'), (2,'b@x'), (3,'a@x')")
HELD = "INSERT INTO a VALUES (1,'held')"


def refused(elsewhere, *words):
    """Return the refused rows, and see that nothing has been written."""
    before = rows(elsewhere.target, "SELECT * FROM a")
    ran = elsewhere("--update", *words)
    assert ran.code == 65, ran.out + ran.err
    assert rows(elsewhere.target, "SELECT * FROM a") == before
    assert "the target is as it was" in ran.out
    return [one.split(": ", 1)[1] for one in ran.out.splitlines() if "refused row: " in one]


@pytest.mark.parametrize("kind", ["", "DEFERRABLE", "DEFERRABLE INITIALLY DEFERRED"])
def test_a_value_that_is_there_twice(elsewhere, kind) -> None:
    write(elsewhere.source, *ADDRESSES)
    write(elsewhere.target, f"CREATE TABLE a (id bigint PRIMARY KEY, t text UNIQUE {kind})", HELD)

    assert refused(elsewhere) == [
        "a 1: duplicate (a_t_key): a@x",
        "a 3: duplicate (a_t_key): a@x",
    ]


def test_a_value_that_a_row_has_which_stays(elsewhere) -> None:
    write(elsewhere.source, *A)
    write(elsewhere.target, "CREATE TABLE a (id bigint PRIMARY KEY, t text UNIQUE)",
          "INSERT INTO a VALUES (9,'y')")  # fmt: skip

    assert refused(elsewhere) == ["a 2: duplicate (a_t_key): y", "a 9: duplicate (a_t_key): y"]
    assert elsewhere("--update", "--delete").code == 0


def test_a_key_that_only_the_target_knows_to_be_one(elsewhere) -> None:
    write(elsewhere.source, "CREATE TABLE a (id INTEGER, t TEXT)",
          "INSERT INTO a VALUES (1,'x'), (2,'y'), (2,'z')")  # fmt: skip
    write(elsewhere.target, "CREATE TABLE a (id bigint PRIMARY KEY, t text)", HELD)

    assert refused(elsewhere) == ["a 2: duplicate (a_pkey): 2"] * 2


def test_what_a_domain_refuses(elsewhere) -> None:
    write(elsewhere.source, *A)
    write(elsewhere.target, "CREATE DOMAIN word AS text CONSTRAINT no_y CHECK (VALUE <> 'y')",
          "CREATE TABLE a (id bigint PRIMARY KEY, t word)", HELD)  # fmt: skip

    assert refused(elsewhere) == ["a 2: check (no_y): y"]


def test_what_an_exclusion_refuses(elsewhere) -> None:
    write(elsewhere.source, *ADDRESSES)
    write(elsewhere.target, "CREATE TABLE a (id bigint PRIMARY KEY, t text,"
          " CONSTRAINT apart EXCLUDE USING hash (t WITH =))", HELD)  # fmt: skip

    assert refused(elsewhere) == ["a 1: exclusion (apart): a@x", "a 3: exclusion (apart): a@x"]


def test_what_a_trigger_changes_or_leaves_out(elsewhere) -> None:
    write(elsewhere.source, *A, "INSERT INTO a VALUES (3,'leave me out'), (4,'as it is')")
    write(
        elsewhere.target, "CREATE TABLE a (id bigint PRIMARY KEY, t text)", HELD,
        "CREATE FUNCTION loud() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF new.t LIKE 'leave%' THEN RETURN NULL; END IF;"
        " IF new.t < 'm' THEN RETURN new; END IF;"
        " new.t := upper(new.t); RETURN new; END $$",
        "CREATE TRIGGER shout BEFORE INSERT OR UPDATE ON a FOR EACH ROW EXECUTE FUNCTION loud()",
    )  # fmt: skip

    assert refused(elsewhere) == [
        "a 1: changed by a trigger (shout): t",
        "a 2: changed by a trigger (shout): t",
        "a 3: changed by a trigger (shout): the whole row",
    ]
    write(elsewhere.target, "ALTER TABLE a DISABLE TRIGGER shout")
    assert elsewhere("--update").code == 0


def test_a_row_that_a_trigger_keeps(elsewhere) -> None:
    write(elsewhere.source, *A)
    write(
        elsewhere.target, "CREATE TABLE a (id bigint PRIMARY KEY, t text)",
        "INSERT INTO a VALUES (8,'keep'), (9,'go')",
        "CREATE FUNCTION kept() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
        " IF old.t = 'keep' THEN RETURN NULL; END IF; RETURN old; END $$",
        "CREATE TRIGGER keep BEFORE DELETE ON a FOR EACH ROW EXECUTE FUNCTION kept()",
    )  # fmt: skip

    assert refused(elsewhere, "--delete") == ["a 8: changed by a trigger (keep): not deleted"]


NEVER = (
    "CREATE TABLE a (id bigint PRIMARY KEY, t text)",
    "CREATE FUNCTION never() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN"
    " IF new.t = 'never' THEN RAISE 'never say never'; END IF; RETURN new; END $$",
    "CREATE TRIGGER never BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION never()",
)


def test_what_a_trigger_refuses(elsewhere) -> None:
    write(elsewhere.source, *A, "INSERT INTO a VALUES (3,'never'), (4,'never')")
    write(elsewhere.target, *NEVER, HELD)

    assert refused(elsewhere) == [
        "a 3: refused (never): never say never",
        "a 4: refused (never): never say never",
    ]


def test_a_row_that_only_lacks_the_others_is_not_named(elsewhere) -> None:
    write(
        elsewhere.source,
        "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT, up INTEGER)",
        "INSERT INTO a VALUES (3,'never',NULL), (4,'x',5), (5,'y',4)",
    )
    made = NEVER[0].replace("t text", "t text, up bigint REFERENCES a")
    write(elsewhere.target, made, *NEVER[1:], "INSERT INTO a VALUES (1, 'x')")

    assert refused(elsewhere) == ["a 3: refused (never): never say never"]


def test_what_a_trigger_refuses_of_an_empty_table(elsewhere) -> None:
    write(elsewhere.source, *A, "INSERT INTO a VALUES (3,'never'), (4,'never')")
    write(elsewhere.target, *NEVER)

    ran = elsewhere("--update")

    assert ran.code == 65, ran.out + ran.err
    named = [line for line in ran.out.splitlines() if "refused (never): never say never" in line]
    assert len(named) == 2
    assert rows(elsewhere.target, "SELECT * FROM a") == []


def test_a_deferrable_key_is_a_key(elsewhere) -> None:
    write(elsewhere.source, *A)
    write(elsewhere.target, "CREATE TABLE a (id bigint PRIMARY KEY DEFERRABLE, t text"
          " UNIQUE DEFERRABLE INITIALLY DEFERRED)",
          "INSERT INTO a VALUES (1,'y'), (2,'x'), (3,'gone')")  # fmt: skip

    ran = elsewhere("--update", "--delete")

    assert ran.code == 0, ran.out + ran.err
    assert rows(elsewhere.target, "SELECT * FROM a") == [(1, "x"), (2, "y")]


def test_values_that_rows_of_partitions_exchange(elsewhere) -> None:
    write(elsewhere.source, *A)
    unique = "ALTER TABLE a ADD CONSTRAINT once UNIQUE (half, t)"
    write(
        elsewhere.target,
        "CREATE TABLE a (id bigint, t text, half int DEFAULT 0, PRIMARY KEY (id, half))"
        " PARTITION BY RANGE (half)",
        "CREATE TABLE a1 PARTITION OF a FOR VALUES FROM (0) TO (1)", unique,
        "INSERT INTO a VALUES (1,'y'), (2,'x')",
    )  # fmt: skip
    write(elsewhere.source, "ALTER TABLE a ADD COLUMN half INTEGER DEFAULT 0")

    ran = elsewhere("--update")
    write(elsewhere.target, "ALTER TABLE a DROP CONSTRAINT once", f"{unique} DEFERRABLE")
    way_out = elsewhere("--update")

    assert ran.code == 77, ran.out + ran.err
    assert "rows of a1 exchange values of a1_half_t_key" in ran.err
    assert "DEFERRABLE" in ran.err
    assert way_out.code == 0, way_out.out + way_out.err


@pytest.mark.parametrize("event", ["INSERT", "UPDATE", "DELETE"])
def test_a_rule_that_rewrites_what_is_written_is_named_before(elsewhere, event) -> None:
    write(elsewhere.source, *A)
    write(
        elsewhere.target,
        "CREATE TABLE a (id bigint PRIMARY KEY, t text)",
        "CREATE TABLE seen (at timestamptz)",
        HELD,
        f"CREATE RULE noted AS ON {event} TO a DO ALSO INSERT INTO seen VALUES (now())",
    )
    flags = ("--update", "--delete", "--allow-missing-tables")  # fmt: skip

    dry_run = elsewhere(*flags, "--dry-run")
    ran = elsewhere(*flags)
    write(elsewhere.target, "ALTER TABLE a DISABLE RULE noted")
    way_out = elsewhere(*flags)

    assert (dry_run.code, ran.code, way_out.code) == (77, 77, 0)
    for words in (dry_run.out, ran.err):
        assert "a: the rule noted rewrites what is written" in words
        assert "ALTER TABLE public.a DISABLE RULE noted" in words


@pytest.fixture
def latin(postgres_server, elsewhere):
    """Make the target one that keeps its text in LATIN1."""
    name = elsewhere.target.params["dbname"]
    postgres_server.drop_database(elsewhere.target)
    postgres_server.execute(
        f"CREATE DATABASE {name} ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0"
    )
    return elsewhere


@pytest.mark.parametrize("words", [(), ("--update",), ("--check",), ("--check", "--update")])
def test_text_that_the_target_s_encoding_lacks(latin, words) -> None:
    write(latin.source, A[0], "INSERT INTO a VALUES (1,'é ü'), (2,'ş ł'), (3,'plain'), (4,'💶')")
    write(latin.target, "CREATE TABLE a (id bigint PRIMARY KEY, t text)")
    if "--update" in words:
        write(latin.target, HELD)

    ran = latin(*words)

    assert ran.code == 65, ran.out + ran.err
    assert "bad value: a id=2 t: 'ş ł': LATIN1 has no 'ş'" in ran.out
    assert "bad value: a id=4 t: '💶': LATIN1 has no '💶'" in ran.out
    assert ran.out.count("bad value") == 2


def test_text_that_it_has_arrives(latin) -> None:
    write(latin.source, A[0], "INSERT INTO a VALUES (1,'é ü'), (3,'plain')")
    write(latin.target, "CREATE TABLE a (id bigint PRIMARY KEY, t text)")

    assert (latin().code, latin("--verify-only").code, latin("--update").code) == (0, 0, 0)
