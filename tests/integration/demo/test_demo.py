"""Invented data fills every table, adds up, and comes out the same for the same seed."""

import hashlib

import pytest
from sqlalchemy import func, select

from backend.db.base import data_tables
from backend.demo import fill
from backend.demo.config import DemoConfig
from backend.errors import RefusedError
from backend.invariants import check
from backend.models import GroupMember, Order, OrderPayer, OrderShare, User
from backend.services.currencies import MINOR_DIGITS
from tests.integration.migrate.structure import connected

SMALL = DemoConfig(users=60, orders=400)
TABLES = data_tables()


def contents(database) -> str:
    """Return a digest of every row of every table, read through the models."""
    digest = hashlib.sha256()
    with connected(database) as connection:
        for table in TABLES:
            for row in connection.execute(select(table).order_by(*table.primary_key)):
                digest.update(repr(tuple(map(str, row))).encode())
    return digest.hexdigest()


def answer(database, query):
    """Return the one value that a query asks for."""
    with connected(database) as connection:
        return connection.execute(query).scalar_one()


def test_every_table_gets_rows_and_every_rule_holds(database_url) -> None:
    filled = fill(database_url, SMALL)

    assert [name for name, number in filled.rows.items() if number == 0] == []
    assert filled.rows == {
        table.name: answer(database_url, select(func.count()).select_from(table))
        for table in TABLES
    }
    assert (filled.rows["users"], filled.rows["orders"]) == (60, 400)
    assert check(database_url).is_clean


def test_the_same_seed_gives_the_same_rows_and_another_gives_others(
    database_url, sqlite_template, tmp_path
) -> None:
    again, other = (database_url.__class__("sqlite", path=tmp_path / f"{n}.db") for n in (1, 2))

    fill(database_url, SMALL)
    fill(again, SMALL)
    fill(other, DemoConfig(users=60, orders=400, seed=2))

    assert contents(database_url) == contents(again)
    assert contents(database_url) != contents(other)


@pytest.mark.parametrize(
    ("what", "query"),
    [
        ("a Turkish letter", select(func.count()).where(User.display_name.contains("ş"))),
        ("an emoji", select(func.count()).where(Order.title.contains("🌶️"))),
        ("a line break", select(func.count()).where(Order.note.contains("\n"))),
        ("no account", select(func.count()).where(GroupMember.user_id.is_(None))),
        ("a deleted order", select(func.count()).where(Order.deleted_at.is_not(None))),
        ("a deleted member", select(func.count()).where(GroupMember.deleted_at.is_not(None))),
        ("exact shares", select(func.count()).where(Order.split_mode == "exact")),
        ("a share of nothing", select(func.count()).where(OrderShare.amount == 0)),
        ("an address with capitals", select(func.count()).where(User.email != User.email_key)),
    ],
)
def test_there_is_what_a_careless_copy_would_stumble_over(database_url, what, query) -> None:
    fill(database_url, SMALL)

    assert answer(database_url, query) > 0, what


def test_currencies_with_no_two_and_three_digits_are_among_them(database_url) -> None:
    fill(database_url, SMALL)

    with connected(database_url) as connection:
        used = connection.execute(select(Order.currency).distinct()).scalars().all()

    assert {MINOR_DIGITS[currency] for currency in used} == {0, 2, 3}


def test_some_orders_have_two_payers(database_url) -> None:
    fill(database_url, SMALL)
    payers = func.count().label("payers")
    counted = select(payers).select_from(OrderPayer).group_by(OrderPayer.order_id).subquery()

    assert answer(database_url, select(func.max(counted.c.payers))) == 2


def test_nothing_but_invented_addresses(database_url) -> None:
    fill(database_url, SMALL)

    with connected(database_url) as connection:
        keys = connection.execute(select(User.email_key)).scalars().all()

    domains = {key.rpartition("@")[2] for key in keys}
    assert domains == {"example.com", "example.org", "posta.example.com"}


def test_a_database_that_holds_rows_is_refused_and_left_as_it_was(database_url) -> None:
    fill(database_url, DemoConfig(users=3, orders=5))
    before = contents(database_url)

    with pytest.raises(RefusedError, match="holds rows already, in groups, users"):
        fill(database_url, DemoConfig(users=3, orders=5, seed=2))

    assert contents(database_url) == before


def test_a_second_seed_fits_beside_the_first(database_url) -> None:
    fill(database_url, DemoConfig(users=3, orders=5))

    fill(database_url, DemoConfig(users=3, orders=5, seed=2), add=True)

    assert answer(database_url, select(func.count()).select_from(Order)) == 10
    assert check(database_url).is_clean


def test_the_same_seed_twice_is_refused_whole(database_url) -> None:
    fill(database_url, DemoConfig(users=3, orders=5))
    before = contents(database_url)

    with pytest.raises(RefusedError, match="--seed"):
        fill(database_url, DemoConfig(users=9, orders=5), add=True)

    assert contents(database_url) == before


@pytest.mark.parametrize(
    "config", [DemoConfig(0, 0), DemoConfig(0, 3), DemoConfig(1, 1), DemoConfig(5, 0)], ids=str
)
def test_the_smallest_sizes_work_too(database_url, config) -> None:
    filled = fill(database_url, config)

    assert (filled.rows["users"], filled.rows["orders"]) == (config.users, config.orders)
    assert check(database_url).is_clean
