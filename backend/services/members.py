"""Members of a group, with or without an account."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from backend.db.extension import db
from backend.errors import AppError
from backend.models import GroupMember
from backend.services import throttles
from backend.services.accounts import find_by_email
from backend.services.errors import InvalidInput, NoAccount, StateConflict, TooManyTries
from backend.services.groups import Membership
from backend.services.pagination import Page, PageRequest, SortKey, newest_first
from backend.services.texts import clean_line

# Bounds the cost of one order and of the balances; a wedding fits.
MOST_MEMBERS = 200


def add(membership: Membership, display_name: str, email: str | None = None) -> GroupMember:
    """Add somebody by name; with the e-mail of an account, that account sees the group."""
    name = clean_line(display_name, field="display_name", at_most=80)
    group_id = membership.group.id
    if len(list_members(membership)) >= MOST_MEMBERS:
        raise StateConflict(f"a group has at most {MOST_MEMBERS} members")
    member = GroupMember(
        group_id=group_id, user_id=_account(email) if email else None, display_name=name
    )
    try:
        # A savepoint, so that the request's transaction survives the refusal.
        with db.session.begin_nested():
            db.session.add(member)
    except IntegrityError:
        raise StateConflict("this account is a member of the group already") from None
    return member


@contextmanager
def throttled_look_up(person_id: UUID, network: str | None) -> Iterator[None]:
    """Limit how many addresses without an account a person can try to add.

    Has transactions of its own around the block, so that what failed stays counted.

    Raises:
        TooManyTries: not now.
    """
    attempt = throttles.look_up(str(person_id), network)
    state = throttles.begin(attempt)
    if state.seconds and not state.is_first:
        raise TooManyTries("too many addresses without an account", seconds=state.seconds)
    try:
        yield
    except NoAccount:
        raise
    except AppError:
        throttles.take_back(attempt, state)
        raise
    throttles.take_back(attempt, state)


def list_members(membership: Membership) -> Sequence[GroupMember]:
    """Return all members, in the order in which they joined."""
    return db.session.scalars(
        select(GroupMember)
        .where(GroupMember.group_id == membership.group.id, GroupMember.deleted_at.is_(None))
        .order_by(GroupMember.id)
    ).all()


def list_with_removed(membership: Membership) -> Sequence[GroupMember]:
    """Return all members, removed ones too: money that they moved still counts."""
    return db.session.scalars(
        select(GroupMember)
        .where(GroupMember.group_id == membership.group.id)
        .order_by(GroupMember.id)
    ).all()


def page_of(membership: Membership, page: PageRequest) -> Page[GroupMember]:
    """Return the members of a group, the newest first."""
    query = select(GroupMember).where(
        GroupMember.group_id == membership.group.id, GroupMember.deleted_at.is_(None)
    )
    return newest_first(query, [SortKey(GroupMember.id.expression, UUID)], page)


def require(membership: Membership, wanted: Collection[UUID], *, field: str) -> None:
    """Refuse ids that are not of members of this group."""
    found = db.session.scalars(
        select(GroupMember.id).where(
            GroupMember.group_id == membership.group.id,
            GroupMember.deleted_at.is_(None),
            GroupMember.id.in_(set(wanted)),
        )
    )
    strangers = set(wanted) - set(found)
    if strangers:
        raise InvalidInput(f"{min(strangers)} is not a member of this group", field=field)


def _account(email: str) -> UUID:
    user = find_by_email(email)
    if user is None:
        raise NoAccount
    return user.id
