"""Whose a database is, by its tables and by what our own records in it say."""

import pytest

from backend.errors import RefusedError
from backend.migrate.history import Levels
from backend.migrate.survey import Survey, refuse_what_is_not_ours

RECORDS = frozenset({"alembic_version", "schema_state"})


def refuse(survey: Survey) -> None:
    refuse_what_is_not_ours(survey, name="it", move_aside=lambda: "Use another.")


@pytest.mark.parametrize(
    "survey",
    [
        pytest.param(Survey(), id="nothing"),
        pytest.param(Survey(frozenset({"alembic_version"})), id="what a killed first run left"),
        pytest.param(Survey(RECORDS, ("expand_0001",), Levels(1, 0)), id="ours"),
        pytest.param(Survey(RECORDS, ("expand_9999",), Levels(9999, 0)), id="a later release's"),
    ],
)
def test_a_database_to_work_on(survey: Survey) -> None:
    refuse(survey)


@pytest.mark.parametrize(
    "survey",
    [
        pytest.param(Survey(frozenset({"users"})), id="tables and no records"),
        pytest.param(Survey(RECORDS, ("1975ea83b712",), Levels(1, 0)), id="a name not like ours"),
        pytest.param(Survey(RECORDS, ("expand_0001",)), id="no levels"),
        pytest.param(Survey(frozenset({"alembic_version"}), ("expand_0001",)), id="no state"),
    ],
)
def test_somebody_elses_database(survey: Survey) -> None:
    with pytest.raises(RefusedError, match="nothing was touched"):
        refuse(survey)
