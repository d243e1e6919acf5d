"""Who can take part in an order or a payment: a member who is there, and nobody else."""

import pytest
from sqlalchemy import update

from backend.db.transactions import writing
from backend.db.types import utc_now
from backend.models import GroupMember, User
from backend.services import members


@pytest.fixture
def who_left(app, flat) -> str:
    """A member who is not there any more, as a sync from another release leaves one."""
    member: str = flat.add_member("Mehmet")
    with app.app_context(), writing() as session:
        gone = update(GroupMember).where(GroupMember.display_name == "Mehmet")
        session.execute(gone.values(deleted_at=utc_now()))
    return member


@pytest.fixture
def stranger_in_another_group(stranger) -> str:
    me: str = stranger.make_group("Other").me
    return me


@pytest.mark.parametrize("fixture", ["who_left", "stranger_in_another_group"])
def test_nobody_else_pays_or_owes_or_is_paid(request, flat, fixture) -> None:
    other = request.getfixturevalue(fixture)
    payer = {"payers": [{"member_id": other, "amount": "10.00"}]}
    payment = {"currency": "TRY", "amount": "1.00", "paid_on": "2026-11-22"}

    answers = [
        flat.owner.post(f"{flat.path}/orders", flat.order(other)),
        flat.owner.post(f"{flat.path}/orders", flat.order() | payer),
        *(
            flat.owner.post(
                f"{flat.path}/settlements", payment | {"from_member_id": a, "to_member_id": b}
            )
            for a, b in [(flat.me, other), (other, flat.me)]
        ),
    ]

    fields = [answer.get_json()["errors"][0]["field"] for answer in answers]
    assert [answer.status_code for answer in answers] == [422] * 4
    assert fields == ["split", "payers", "to_member_id", "from_member_id"]
    assert flat.balances() == {}


def test_a_closed_account_is_added_as_little_as_one_that_never_was(app, flat, stranger) -> None:
    with app.app_context(), writing() as session:
        session.get_one(User, stranger.person.id).status = "closed"

    closed, unknown = (
        flat.owner.post(f"{flat.path}/members", {"display_name": "X", "email": email})
        for email in (stranger.person.email, "nobody@example.com")
    )

    assert closed.status_code == unknown.status_code == 422
    assert closed.get_json()["errors"] == unknown.get_json()["errors"]


def test_a_group_has_no_more_members_than_the_bound(flat, monkeypatch) -> None:
    monkeypatch.setattr(members, "MOST_MEMBERS", 3)
    names = [{"display_name": name} for name in ("Second", "Third", "Fourth")]

    answers = [flat.owner.post(f"{flat.path}/members", name).status_code for name in names]

    assert answers == [201, 201, 409]
