"""What a run decides from a database's own records, before anything is touched."""

import pytest

from backend.errors import RefusedError
from backend.migrate.history import History, Levels
from backend.migrate.inspection import SchemaInspection
from backend.migrate.plan import make_plan

HISTORY = History.of("sqlite")
TOP = HISTORY.top("expand")
TABLES = frozenset({"alembic_version", "schema_state"})


def inspected(head: str, levels: Levels) -> SchemaInspection:
    """Return what a database of ours says about itself."""
    return SchemaInspection(TABLES, (head,), levels)


def test_records_that_agree_lead_to_what_is_pending() -> None:
    plan = make_plan(HISTORY, inspected("expand_0001", Levels(1, 0)), "expand")

    assert [one.id for one in plan.pending] == [f"expand_{n:04}" for n in range(2, TOP + 1)]


@pytest.mark.parametrize(
    ("head", "levels"),
    [
        pytest.param("expand_0001", Levels(2, 0), id="the level is ahead"),
        pytest.param(f"expand_{TOP:04}", Levels(1, 0), id="the level is behind"),
    ],
)
def test_records_that_disagree_are_refused(head: str, levels: Levels) -> None:
    with pytest.raises(RefusedError, match="two records disagree"):
        make_plan(HISTORY, inspected(head, levels), "expand")


@pytest.mark.parametrize("contract", [1, 2])
def test_a_schema_that_a_later_release_has_contracted_is_refused(contract: int) -> None:
    later = inspected(f"contract_{contract:04}", Levels(TOP + 1, contract))

    with pytest.raises(RefusedError, match=f"has contracted the schema to level {contract}"):
        make_plan(HISTORY, later, "expand")
