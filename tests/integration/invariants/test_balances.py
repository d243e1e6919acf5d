"""The rule about balances says what the app's own balances say."""

from sqlalchemy import select

from backend.db.extension import db
from backend.demo import fill
from backend.demo.config import DemoConfig
from backend.models import Group, GroupMember
from backend.services import balances, members
from backend.services.groups import Membership


def test_every_sheet_that_the_app_shows_adds_up_to_zero(app, migrated) -> None:
    fill(migrated.database, DemoConfig(users=20, orders=200))

    with app.app_context():
        groups = db.session.scalars(select(Group)).all()
        sheets = [sheet for group in groups for sheet in balances.of_group(*shown(group))]

    assert len(sheets) > len(groups)
    assert {sum(row.balance for row in sheet.members) for sheet in sheets} == {0}


def shown(group: Group) -> tuple[Membership, list[GroupMember]]:
    """Return a group as one of its members sees it."""
    query = select(GroupMember).where(GroupMember.group_id == group.id).limit(1)
    membership = Membership(group, db.session.scalars(query).one())
    return membership, list(members.list_members(membership))
