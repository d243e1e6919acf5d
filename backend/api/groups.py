"""Groups, their members, and who owes whom."""

from __future__ import annotations

from uuid import UUID

from flask import Response, url_for

from backend.api.blueprint import ONCE, protected
from backend.api.operations import LOCATION
from backend.api.replies import create, listing
from backend.api.schemas.common import PageQuery
from backend.api.schemas.groups import (
    BalancesSchema,
    GroupChange,
    GroupInput,
    GroupPage,
    GroupSchema,
    MemberInput,
    MemberPage,
    MemberSchema,
)
from backend.db.transactions import writing
from backend.models import Group
from backend.request.identity import current_membership, require_person
from backend.request.look_up import counted_look_up
from backend.services import balances, groups, members

blueprint = protected("groups", "Groups, members and balances")


@blueprint.get("/groups")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, GroupPage)
def list_groups(query: dict[str, object]) -> Response:
    """List the groups that you belong to, newest first."""
    person = require_person()
    return listing(GroupPage, lambda page: groups.page_of(person.id, page), query)


@blueprint.post("/groups")
@blueprint.arguments(GroupInput)
@blueprint.response(201, GroupSchema, headers=LOCATION)
@blueprint.doc(**ONCE)
def create_group(wish: dict[str, str]) -> Response:
    """Make a group; you are its first member."""

    def make() -> Group:
        return groups.create(require_person(), wish["name"], wish["currency"]).group

    return create(GroupSchema, make, lambda group: url_for("groups.get_group", group_id=group.id))


@blueprint.get("/groups/<uuid:group_id>")
@blueprint.response(200, GroupSchema)
def get_group(group_id: UUID) -> Group:
    """Show one group."""
    del group_id
    return current_membership().group


@blueprint.patch("/groups/<uuid:group_id>")
@blueprint.arguments(GroupChange)
@blueprint.response(200, GroupSchema)
def change_group(change: dict[str, str], group_id: UUID) -> Group:
    """Rename a group."""
    del group_id
    with writing():
        return groups.rename(current_membership(), change["name"])


@blueprint.get("/groups/<uuid:group_id>/members")
@blueprint.arguments(PageQuery, location="query")
@blueprint.response(200, MemberPage)
def list_members(query: dict[str, object], group_id: UUID) -> Response:
    """List the members, newest first."""
    del group_id
    membership = current_membership()
    return listing(MemberPage, lambda page: members.page_of(membership, page), query)


@blueprint.post("/groups/<uuid:group_id>/members")
@blueprint.arguments(MemberInput)
@blueprint.response(201, MemberSchema)
@blueprint.alt_response(429, response="TOO_MANY_REQUESTS")
@blueprint.doc(**ONCE)
def add_member(wish: dict[str, str | None], group_id: UUID) -> Response:
    """Add a member by name; no account is needed."""
    del group_id
    membership = current_membership()
    name, email = wish["display_name"] or "", wish["email"]
    with counted_look_up(email):
        return create(MemberSchema, lambda: members.add(membership, name, email))


@blueprint.get("/groups/<uuid:group_id>/balances")
@blueprint.response(200, BalancesSchema)
def get_balances(group_id: UUID) -> dict[str, object]:
    """Show what each member is owed or owes, per currency."""
    del group_id
    membership = current_membership()
    return {"balances": balances.of_group(membership, members.with_removed(membership))}
