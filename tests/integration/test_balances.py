"""Balances always add up to zero, and are what a ledger kept by hand would say."""

import uuid
from collections import defaultdict
from datetime import date

from flask import Flask
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import update

from backend.db.transactions import writing
from backend.db.types import utc_now
from backend.models import GroupMember, SplitMode
from backend.services import balances, groups, members, orders, settlements
from backend.services.groups import Membership
from backend.services.money import plain
from tests.actors import Actor

DAY = date(2026, 11, 22)
MEMBERS = 4
CURRENCIES = ("TRY", "JPY")
AMOUNTS = st.integers(min_value=1, max_value=10**6)
ORDER = st.tuples(
    st.sampled_from(CURRENCIES),
    AMOUNTS,
    st.integers(0, MEMBERS - 1),
    st.sets(st.integers(0, MEMBERS - 1), min_size=1),
    st.booleans(),
)
PAYMENT = st.tuples(
    st.sampled_from(CURRENCIES), AMOUNTS, st.permutations(range(MEMBERS)).map(lambda each: each[:2])
)


def test_they_are_what_a_ledger_by_hand_says(app: Flask, ayse: Actor):
    @given(st.lists(ORDER, max_size=8), st.lists(PAYMENT, max_size=4))
    @settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
    def check(some_orders, some_payments):
        with app.app_context():
            with writing():
                membership, people = make_group(ayse)
                ledger = fill(membership, people, some_orders, some_payments)
            found = balances.of_group(membership, members.list_members(membership))

        sums = {(s.currency, row.member_id): row.balance for s in found for row in s.members}
        assert {key: value for key, value in sums.items() if value} == ledger
        assert all(sum(row.balance for row in sheet.members) == 0 for sheet in found)

    check()


def test_a_removed_member_with_money_is_shown_so_that_the_others_add_up(app: Flask, ayse: Actor):
    with app.app_context():
        with writing() as session:
            membership, people = make_group(ayse)
            order = (("TRY", 1000, 1, {0, 1}, False), ("JPY", 7, 0, {0}, False))
            fill(membership, people, order, [])
            # As a sync from another release leaves them: one with money, one without.
            gone = GroupMember.id.in_(people[1:3])
            session.execute(update(GroupMember).where(gone).values(deleted_at=utc_now()))
        found = balances.of_group(membership, members.list_with_removed(membership))

    shown = {
        sheet.currency: {row.member_id: row.balance for row in sheet.members} for sheet in found
    }
    assert shown["TRY"] == {people[0]: -500, people[1]: 500, people[3]: 0}
    assert set(shown["JPY"]) == {people[0], people[3]}


def make_group(actor: Actor) -> tuple[Membership, list[uuid.UUID]]:
    """Make a group of four."""
    membership = groups.create(actor.person, "Flat", "TRY")
    others = [members.add(membership, f"Member {number}").id for number in range(1, MEMBERS)]
    return membership, [membership.member.id, *others]


def fill(membership, people, some_orders, some_payments) -> dict[tuple[str, uuid.UUID], int]:
    """Add orders and payments, and keep a ledger of what each is owed."""
    ledger: dict[tuple[str, uuid.UUID], int] = defaultdict(int)
    for currency, total, payer, sharers, removed in some_orders:
        new = orders.NewOrder(
            title="Order",
            currency=currency,
            total=plain(total, currency),
            ordered_on=DAY,
            payers=[orders.MemberAmount(people[payer], plain(total, currency))],
            split=orders.Split(SplitMode.EQUAL, members=[people[place] for place in sharers]),
        )
        order = orders.add(membership, new)
        if removed:
            orders.delete(membership, order.id)
            continue
        ledger[currency, people[payer]] += total
        for share in order.shares:
            ledger[currency, share.member_id] -= share.amount
    for currency, amount, (giver, taker) in some_payments:
        settlements.add(
            membership,
            settlements.NewSettlement(
                people[giver], people[taker], currency, plain(amount, currency), DAY
            ),
        )
        ledger[currency, people[giver]] += amount
        ledger[currency, people[taker]] -= amount
    return {key: value for key, value in ledger.items() if value}
