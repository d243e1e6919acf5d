"""How values look to people."""

from datetime import date

import pytest

from backend.web.filters import day, initial, label


def test_a_day_has_no_leading_zero():
    assert day(date(2026, 11, 7)) == "7 Nov 2026"


@pytest.mark.parametrize(
    ("name", "letter"), [("ayşe", "A"), ("ipek", "İ"), ("ışık", "I"), ("çiğdem", "Ç"), ("", "")]
)
def test_names_begin_with_a_turkish_capital(name, letter):
    assert initial(name) == letter


@pytest.mark.parametrize(
    ("field", "shown"), [("ordered_on", "Day"), ("total", "Total"), ("share-1", "Share")]
)
def test_fields_have_names_that_people_use(field, shown):
    assert label(field) == shown
