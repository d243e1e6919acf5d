"""Every catalog that refers to tables, columns or constraints: what is in it is kept, or refused."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from backend.db.session import Session
from backend.errors import RefusedError
from backend.tablecopy.shadow.schema import create_shadow
from backend.tablecopy.shadow.swap_obstacles import swap_obstacles
from backend.tablecopy.target import connect
from tests.integration.tablecopy.shadow.conftest import (
    one_database,
    three_roles,
    with_everything,
)
from tests.integration.tablecopy.shadow.features import FEATURES
from tests.integration.tablecopy.shadow.rich import TABLES
from tests.integration.tablecopy.snapshot import schemas

_REFERRING = """
    SELECT DISTINCT fktable::text FROM pg_get_catalog_foreign_keys()
    WHERE pktable IN ('pg_class'::regclass, 'pg_attribute'::regclass, 'pg_constraint'::regclass)"""

# By which of the features that a dump shows to be the same afterwards.
KEPT = {
    "pg_attrdef": {"default", "stored", "virtual"},
    "pg_attribute": {"column statistics", "column options", "column rights", "storage", "dropped"},
    "pg_class": {"options", "full identity", "elsewhere", "unlogged"},
    "pg_constraint": {"check", "reference", "unique", "exclusion", "not null", "no overlaps"},
    "pg_depend": {"index of an extension", "trigger of an extension", "default"},
    "pg_description": {"comment", "column comment", "policy", "rule", "sequence comment"},
    "pg_index": {"index", "cluster", "key identity", "index statistics"},
    "pg_policy": {"policy", "policy, all"},
    "pg_rewrite": {"rule", "rule, two"},
    "pg_sequence": {"sequence options", "always"},
    "pg_shdepend": {"owner", "rights passed on", "policy", "elsewhere"},
    "pg_statistic_ext": {"statistics", "statistics elsewhere"},
    "pg_trigger": {"trigger", "constraint trigger"},
}
# By which of the cases below; a subscription needs a server of its own (`test_replication`).
REFUSED = {
    "pg_class": {"index", "sequence", "index that means it"},
    "pg_constraint": {"switched off", "check that means it"},
    "pg_attrdef": {"default that means it", "counted by its sequence"},
    "pg_depend": {"extension", "function that takes a row"},
    "pg_description": {"comment on its type"},
    "pg_extension": {"extension"},
    "pg_inherits": {"inheritance"},
    "pg_init_privs": {"extension"},
    "pg_partitioned_table": {"partitioned"},
    "pg_publication_rel": {"publication"},
    "pg_rewrite": {"view", "materialized view"},
    "pg_seclabel": {"label", "label on a column"},
    "pg_subscription_rel": set[str](),
    "pg_type": {
        "rights on its type",
        "column of rows",
        "made from a type",
        "column of rows of one that moves",
    },
}
NOT_OF_TABLES = {
    "pg_foreign_table": "a foreign table is no target",
    "pg_shdescription": "comments on what all databases share",
    "pg_shseclabel": "labels on what all databases share",
    "pg_statistic": "made anew by ANALYZE",
}

_LABEL = "SET allow_system_table_mods = on; INSERT INTO pg_seclabel VALUES ("
CASES = {
    "view": ("CREATE VIEW people AS SELECT * FROM person", 'view "Shop".people'),
    "materialized view": (
        "CREATE MATERIALIZED VIEW people AS SELECT * FROM person",
        'materialized view "Shop".people',
    ),
    "function that takes a row": (
        "CREATE FUNCTION f(person) RETURNS int LANGUAGE sql AS 'SELECT 1'",
        'function "Shop".f("Shop".person)',
    ),
    "column of rows": ("CREATE TABLE t (p person[])", 'table "Shop".t'),
    "column of rows of one that moves": ("ALTER TABLE note ADD p person", 'table "Shop".note'),
    "default that means it": (
        "ALTER TABLE note ADD kind regclass DEFAULT 'person'::regclass",
        'default value for column kind of table "Shop".note depends on it',
    ),
    "check that means it": (
        "ALTER TABLE note ADD CONSTRAINT meant CHECK (tableoid <> 'person'::regclass)",
        "constraint meant on table",
    ),
    "check that means itself": (
        "ALTER TABLE person ADD CONSTRAINT own CHECK (tableoid = 'person'::regclass)",
        "constraint own on table",
    ),
    "index that means it": (
        "CREATE INDEX meant ON node ((head::oid = 'person'::regclass))",
        'index "Shop".meant',
    ),
    "counted by its sequence": (
        "ALTER TABLE note ADD code bigint DEFAULT nextval('\"Person Numbers\"')",
        'default value for column code of table "Shop".note',
    ),
    "inheritance": ("CREATE TABLE t () INHERITS (person)", "inherits from it"),
    "publication": ("CREATE PUBLICATION p FOR TABLE person", "publication p"),
    "policy of another table": (
        "CREATE TABLE t (p int); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
        " CREATE POLICY p ON t USING (p IN (SELECT id FROM person))",
        "policy p on table",
    ),
    "partitioned": (
        "ALTER TABLE person RENAME TO old; CREATE TABLE person (id int) PARTITION BY RANGE (id)",
        "it is partitioned",
    ),
    "made from a type": (
        "ALTER TABLE person RENAME TO old; CREATE TYPE kind AS (id int); CREATE TABLE person OF kind",
        "it is made from a type",
    ),
    "extension": ("ALTER EXTENSION plpgsql ADD TABLE person", "belongs to extension plpgsql"),
    "comment on its type": ("COMMENT ON TYPE person IS 'one'", "a comment on type"),
    "rights on its type": ("REVOKE USAGE ON TYPE person FROM PUBLIC", "rights on type"),
    "label": (
        f"{_LABEL}'person'::regclass, 'pg_class'::regclass, 0, 'dummy', 'secret')",
        "(dummy)",
    ),
    "label on a column": (
        f"{_LABEL}'person'::regclass, 'pg_class'::regclass, 2, 'masking', 'masked')",
        'a security label (masking) on column email of table "Shop".person',
    ),
    "index": (
        "UPDATE pg_index SET indisvalid = false WHERE indexrelid = 'person_email'::regclass",
        "index person_email is not valid",
    ),
    "switched off": ("ALTER TABLE person DISABLE TRIGGER ALL", "constraint liked is switched off"),
    "sequence": (
        'ALTER SEQUENCE "Person Numbers" AS integer',
        '"Person Numbers" counts in another',
    ),
}


@pytest.fixture(scope="module")
def shared(postgres_server) -> Iterator[Session]:
    """A session on a target of all these tests, each of which takes back what it does."""
    with (
        three_roles(postgres_server) as roles,
        one_database(postgres_server) as database,
        closing(connect(with_everything(database, roles), name="test")) as session,
    ):
        yield session


def test_no_catalog_is_unthought_of(shared):
    found = {row[0] for row in shared.execute(_REFERRING)}

    assert found == KEPT.keys() | REFUSED.keys() | NOT_OF_TABLES.keys()
    assert set[str]().union(*KEPT.values()) <= FEATURES.keys()
    assert set[str]().union(*REFUSED.values()) <= CASES.keys()


@pytest.mark.parametrize("case", CASES)
def test_what_would_not_survive_is_named_before_anything_is_done(shared, case):
    statement, named = CASES[case]
    with shared.transaction(force_rollback=True):
        shared.execute(statement)

        with pytest.raises(RefusedError) as refused:
            create_shadow(shared, "Shop", TABLES)

        assert "person: " in str(refused.value)
        assert named in str(refused.value)
        assert schemas(shared) == []


def test_what_only_others_could_make_again_is_named(session, target, roles):
    names = {name: role.as_string() for name, role in roles.items()}
    for statement in (
        'GRANT USAGE, CREATE ON SCHEMA "Shop" TO {owner}, {stranger}',
        "GRANT SELECT ON person TO {stranger} WITH GRANT OPTION",
        "SET ROLE {stranger}",
        "GRANT SELECT ON person TO {reader}",
        "RESET ROLE",
        "ALTER TABLE person OWNER TO {owner}",
        "ALTER STATISTICS person_related OWNER TO {stranger}",
        "SET SESSION AUTHORIZATION {owner}",
    ):
        session.execute(statement.format(**names).encode())
    row = session.execute("SELECT 'person'::regclass::oid").fetchone()

    found = swap_obstacles(session, [row[0]])

    said = [reason for _, reason in found]
    stranger = names["stranger"].strip('"')
    assert any(f"passed on by {stranger}" in one for one in said), said
    assert any(f'statistics "Shop".person_related belong to {stranger}' in one for one in said), (
        said
    )
