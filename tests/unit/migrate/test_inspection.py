"""Whose a database is, by its tables and by what our own records in it say."""

import pytest

from backend.errors import RefusedError
from backend.migrate.history import Levels
from backend.migrate.inspection import SchemaInspection, refuse_what_is_not_ours

RECORDS = frozenset({"alembic_version", "schema_state"})


def refuse(found: SchemaInspection) -> None:
    refuse_what_is_not_ours(found, name="it", move_aside=lambda: "Use another.")


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(SchemaInspection(), id="nothing"),
        pytest.param(
            SchemaInspection(frozenset({"alembic_version"})), id="what a killed first run left"
        ),
        pytest.param(SchemaInspection(RECORDS, ("expand_0001",), Levels(1, 0)), id="ours"),
        pytest.param(
            SchemaInspection(RECORDS, ("expand_9999",), Levels(9999, 0)), id="a later release's"
        ),
    ],
)
def test_a_database_to_work_on(found: SchemaInspection) -> None:
    refuse(found)


@pytest.mark.parametrize(
    "found",
    [
        pytest.param(SchemaInspection(frozenset({"users"})), id="tables and no records"),
        pytest.param(
            SchemaInspection(RECORDS, ("1975ea83b712",), Levels(1, 0)), id="a name not like ours"
        ),
        pytest.param(SchemaInspection(RECORDS, ("expand_0001",)), id="no levels"),
        pytest.param(
            SchemaInspection(frozenset({"alembic_version"}), ("expand_0001",)), id="no state"
        ),
    ],
)
def test_somebody_elses_database(found: SchemaInspection) -> None:
    with pytest.raises(RefusedError, match="nothing was touched"):
        refuse(found)
