"""What a column of ours does not take, whichever engine would."""

from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal

import pytest
from sqlalchemy.dialects import postgresql, sqlite

from backend.db.types import MinorUnits, UtcDateTime

ENGINES = [sqlite.dialect(), postgresql.dialect()]
NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
@pytest.mark.parametrize("value", [12.0, True, Decimal(12), "12"], ids=repr)
def test_an_amount_is_a_whole_number_of_minor_units(engine, value) -> None:
    with pytest.raises(ValueError, match="expected integer minor units"):
        MinorUnits().process_bind_param(value, engine)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_time_without_a_zone_is_no_moment(engine) -> None:
    with pytest.raises(ValueError, match="expected an aware datetime"):
        UtcDateTime().process_bind_param(NOON.replace(tzinfo=None), engine)


@pytest.mark.parametrize("engine", ENGINES, ids=lambda engine: engine.name)
def test_a_moment_comes_back_as_it_was_wherever_it_was_told(engine) -> None:
    in_istanbul = NOON.astimezone(timezone(timedelta(hours=3)))

    stored = UtcDateTime().process_bind_param(in_istanbul, engine)

    assert UtcDateTime().process_result_value(stored, engine) == NOON
