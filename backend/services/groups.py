"""Groups, and the membership that gives access to one."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from backend.db.extension import db
from backend.models import Group, GroupMember
from backend.services.accounts import Person
from backend.services.currencies import known_currency
from backend.services.errors import NotFound
from backend.services.pagination import Page, PageRequest, SortKey, newest_first
from backend.services.texts import clean_line


@dataclass(frozen=True)
class Membership:
    """A user's place in a group; whoever holds one has been checked."""

    group: Group
    member: GroupMember


def create(person: Person, name: str, currency: str) -> Membership:
    """Create a group with `person` as its first member."""
    group = Group(
        name=clean_line(name, field="name", at_most=80), currency=known_currency(currency)
    )
    db.session.add(group)
    db.session.flush()
    member = GroupMember(group_id=group.id, user_id=person.id, display_name=person.display_name)
    db.session.add(member)
    db.session.flush()
    return Membership(group, member)


def rename(membership: Membership, name: str) -> Group:
    """Rename the group."""
    group = db.session.get_one(Group, membership.group.id)
    group.name = clean_line(name, field="name", at_most=80)
    db.session.flush()
    return group


def membership_of(user_id: UUID, group_id: UUID) -> Membership:
    """Return the user's place in the group.

    Raises:
        NotFound: there is no such group, or the user is not in it; which one, nobody learns.
    """
    found = db.session.execute(
        select(Group, GroupMember)
        .join(GroupMember, GroupMember.group_id == Group.id)
        .where(
            Group.id == group_id,
            Group.deleted_at.is_(None),
            GroupMember.user_id == user_id,
            GroupMember.deleted_at.is_(None),
        )
    ).one_or_none()
    if found is None:
        raise NotFound("there is no such group")
    return Membership(*found)


def page_of(user_id: UUID, page: PageRequest) -> Page[Group]:
    """Return the groups that a user belongs to, the newest first."""
    query = (
        select(Group)
        .join(GroupMember, GroupMember.group_id == Group.id)
        .where(
            GroupMember.user_id == user_id,
            GroupMember.deleted_at.is_(None),
            Group.deleted_at.is_(None),
        )
    )
    # Ordered by the member's copy of the id: its index holds both columns of this question.
    return newest_first(query, [SortKey(GroupMember.group_id.expression, UUID)], page)
