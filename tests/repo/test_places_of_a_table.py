"""A new table is named wherever somebody would miss it: each place that lacks it is told.

CONTRIBUTING lists the places in order.
"""

import re
from functools import cache

import pytest
from sqlalchemy import Table, create_engine, event

from backend import models  # noqa: F401 - it puts the tables into the metadata
from backend.db.base import STAYS, Base, Synced
from backend.db.types import MinorUnits
from backend.demo.config import DemoConfig
from backend.demo.groups import invent_group
from backend.demo.people import invent_people
from backend.invariants.checks import all_invariants
from backend.invariants.invariant import EVERYTHING
from backend.sync.table_config import TABLE_CONFIGS
from backend.transfer.app_schema import APP_TABLES, BOOKKEEPING
from tests.integration.test_authorisation import RULES
from tests.repo.checkout import files, read

TABLES = Base.metadata.sorted_tables
DATA = [table for table in TABLES if STAYS not in table.info]
TRAVELLING = {
    str(mapper.local_table) for mapper in Base.registry.mappers if issubclass(mapper.class_, Synced)
}
_ORDERS = "/api/v1/groups/<uuid:group_id>/orders"
# By which route the rows of a table are read; what nobody reads has none.
SHOWN_BY = {
    "users": "/api/v1/me",
    "user_sessions": None,
    "api_tokens": "/api/v1/tokens",
    "idempotency_keys": None,
    "throttles": None,
    "schema_state": "/api/health",
    "groups": "/api/v1/groups/<uuid:group_id>",
    "group_members": "/api/v1/groups/<uuid:group_id>/members",
    "orders": _ORDERS,
    "order_payers": _ORDERS,
    "order_shares": _ORDERS,
    "settlements": "/api/v1/groups/<uuid:group_id>/settlements",
}


def each(tables: list[Table]) -> pytest.MarkDecorator:
    """Run a test once for each of these tables."""
    return pytest.mark.parametrize("table", tables, ids=lambda table: table.name)


def test_every_model_is_loaded_with_the_package() -> None:
    written = {
        name
        for file in files("backend/models/*.py", "backend/db/*.py")
        for name in re.findall(r'^    __tablename__ = "(\w+)"', read(file), re.MULTILINE)
    }

    assert written == {table.name for table in TABLES}


@each(TABLES)
@pytest.mark.parametrize("engine", ["postgres", "sqlite"])
def test_a_migration_of_each_engine_makes_it(table: Table, engine: str) -> None:
    assert re.search(rf'create_table\(\s*"{table.name}"', history(engine))


@cache
def history(engine: str) -> str:
    """Return the text of all revisions of one engine."""
    return "".join(read(name) for name in files(f"backend/migrations/{engine}/expand/*.py"))


@each(DATA)
def test_the_demo_invents_rows_of_it(table: Table) -> None:
    assert table.name in invented()


@cache
def invented() -> set[str]:
    """Return the tables that a small demo has rows for."""
    config = DemoConfig(users=12, orders=40)
    rows = [
        *invent_people(config),
        *(row for number in range(config.groups) for row in invent_group(config, number)),
    ]
    return {model.__tablename__ for model, _ in rows}


@each([table for table in DATA if any(isinstance(c.type, MinorUnits) for c in table.c)])
def test_a_rule_adds_up_what_its_amounts_belong_to(table: Table) -> None:
    assert re.search(rf"\b{table.name}\b", questions_of_sums())


@cache
def questions_of_sums() -> str:
    """Return what the rules ask a database, but for those that the tables make by themselves."""
    engine, asked = create_engine("sqlite://"), list[str]()
    Base.metadata.create_all(engine)
    event.listen(engine, "before_cursor_execute", lambda *told: asked.append(told[2]))
    with engine.connect() as connection:
        for rule in all_invariants():
            if not rule.name.startswith(("orphans", "currencies")):
                assert list(rule.find(connection, EVERYTHING)) == []
    engine.dispose()
    return "\n".join(asked)


def test_a_sync_carries_what_has_the_columns_for_it_and_nothing_else() -> None:
    assert set(TABLE_CONFIGS) == TRAVELLING


@each([table for table in DATA if table.name in TRAVELLING])
def test_a_sync_can_put_the_rules_to_its_rows(table: Table) -> None:
    assert TABLE_CONFIGS[table.name].check_scope in table.c


def test_a_transfer_knows_it() -> None:
    assert {table.name for table in DATA} == APP_TABLES
    assert {table.name for table in TABLES} - APP_TABLES <= BOOKKEEPING


@each(TABLES)
def test_who_may_read_it_is_tried(table: Table) -> None:
    route = SHOWN_BY[table.name]

    assert route is None or ("GET", route) in RULES


@each(TABLES)
def test_the_page_about_migrations_says_what_it_holds(table: Table) -> None:
    rows = re.findall(
        r"^\| `(\w+)` \| [^|]+ \| (yes|no) \|$",
        read("docs/internal/DB_MIGRATIONS.md"),
        re.MULTILINE,
    )

    assert dict(rows)[table.name] == ("yes" if table.name in TRAVELLING else "no")
