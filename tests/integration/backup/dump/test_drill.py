"""A drill finds whatever is not as it was, and only what it proved makes room."""

from __future__ import annotations

from datetime import timedelta

import pytest

from backend.cli.progress import Lines
from tests.integration.backup.dump.bills import Bills


@pytest.mark.parametrize(
    ("harm", "named"),
    [
        pytest.param(
            "UPDATE orders SET cents = cents + 1 WHERE id = 7",
            'table "public"."orders": 3000 rows as expected, but what is in them differs',
            id="one cent",
        ),
        pytest.param(
            "DELETE FROM orders WHERE id = 7",
            'table "public"."orders" has 2999 rows, expected 3000',
            id="one row",
        ),
        pytest.param("DROP VIEW dear", "schema: missing: CREATE VIEW public.dear AS", id="a view"),
    ],
)
def test_what_differs_is_named(bills: Bills, harm: str, named: str) -> None:
    """Swapped manifests: each dump is compared with what the other one holds."""
    first = bills.create()
    bills.execute(harm)
    second = bills.create()
    repository = bills.repository
    repository.archive(second.name).replace(repository.archive(first.name))

    drill = bills.drill(first.name)

    assert not drill.is_clean
    assert any(named in line for line in drill.differences), drill.differences


def test_a_flipped_byte_and_a_missing_end_are_found(bills: Bills) -> None:
    made = bills.create()
    archive = bills.repository.archive(made.name)
    whole = archive.read_bytes()

    found = {}
    for name, harmed in {
        "flipped": whole[:2000] + bytes([whole[2000] ^ 1]) + whole[2001:],
        "short": whole[:-200],
    }.items():
        archive.write_bytes(harmed)
        found[name] = (bills.drill().differences, bills.backups.verify(Lines()).findings)

    assert "its bytes are not those that were written" in found["flipped"][0][0]
    assert any("is damaged" in line for line in found["flipped"][0][1:])
    assert "bytes, expected" in found["short"][0][0]
    assert len(found["flipped"][1]) == len(found["short"][1]) == 1


def test_manifests_that_were_swapped_are_found(bills: Bills) -> None:
    first, second = bills.create(), bills.create()
    one, other = (bills.repository.manifest(made.name) for made in (first, second))
    texts = one.read_bytes(), other.read_bytes()
    one.write_bytes(texts[1])
    other.write_bytes(texts[0])

    found = f"beside {second.name} lies the manifest of {first.name}"
    assert bills.drill().differences == [found]


def test_what_the_app_objects_to_is_a_difference(bills: Bills) -> None:
    bills.create()
    bills.objections = ["the app's check: a balance is off"]

    assert bills.drill().differences == ["the app's check: a balance is off"]


def test_what_the_server_says_of_a_row_is_shown_to_nobody(bills: Bills) -> None:
    """Its detail holds the row; differences are kept in the clear, logged and sent away."""
    bills.execute(
        "CREATE FUNCTION is_fine(text) RETURNS bool LANGUAGE sql AS 'SELECT true'",
        "ALTER TABLE orders ADD CHECK (public.is_fine(title))",
        "CREATE OR REPLACE FUNCTION is_fine(text) RETURNS bool LANGUAGE sql AS 'SELECT false'",
    )
    bills.create()

    (found,) = bills.drill().differences
    (kept,) = (bills.repository.root / "records").glob("drill-*")

    assert 'violates check constraint "orders_title_check"' in found
    assert "Çay" not in found + kept.read_text(encoding="utf-8")


def test_old_dumps_go_after_a_drill_that_passed_and_not_before(bills: Bills) -> None:
    made = []
    for later in (timedelta(hours=1), timedelta(days=1), timedelta()):
        made.append(bills.create().name)
        bills.now += later
    bills.objections = ["no"]
    bills.drill()
    after_a_red_one = bills.repository.names()
    bills.now += timedelta(hours=1)
    bills.objections = []
    bills.drill()

    assert after_a_red_one == made
    assert bills.repository.names() == made[1:]


def test_nothing_of_a_drill_is_left(bills: Bills) -> None:
    bills.create()
    bills.drill()

    scratch = bills.settings.scratch
    assert not scratch.cluster.exists()
    assert list(scratch.socket.iterdir()) == []
