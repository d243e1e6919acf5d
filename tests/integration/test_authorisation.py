"""Every route, asked by nobody, by a stranger and by a member: a route without a rule fails."""

import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import update

from backend.db.transactions import writing
from backend.db.types import utc_now
from backend.models import Group, GroupMember
from tests.actors import Actor, GroupOfTest

METHODS = ("GET", "POST", "PUT", "PATCH", "DELETE")
SOME_ID = uuid.UUID(int=7)


@dataclass(frozen=True)
class Rule:
    """What each of them gets; a member's request may still be refused for its content."""

    nobody: int
    stranger: int
    member: tuple[int, ...]


OPEN = Rule(200, 200, (200,))
# Not logged in: 401. Somebody else's group looks like one that does not exist.
OWN = Rule(401, 200, (200,))
OWN_INPUT = Rule(401, 422, (422,))
GROUP = Rule(401, 404, (200,))
GROUP_INPUT = Rule(401, 404, (422,))
GROUP_ITEM = Rule(401, 404, (404,))
# Forms need a CSRF token first, whoever sends them.
FORM = Rule(403, 403, (403,))
PAGE = Rule(303, 200, (200,))
GROUP_PAGE = Rule(303, 404, (200,))

RULES = {
    ("GET", "/api/live"): OPEN,
    ("GET", "/api/ready"): OPEN,
    ("GET", "/api/health"): OPEN,
    ("GET", "/api/openapi.json"): OPEN,
    ("POST", "/api/v1/auth/signup"): Rule(422, 422, (422,)),
    ("POST", "/api/v1/auth/login"): Rule(422, 422, (422,)),
    ("POST", "/api/v1/auth/logout"): Rule(401, 204, (204,)),
    ("GET", "/api/v1/me"): OWN,
    ("GET", "/api/v1/tokens"): OWN,
    ("POST", "/api/v1/tokens"): OWN_INPUT,
    ("DELETE", "/api/v1/tokens/<uuid:token_id>"): GROUP_ITEM,
    ("GET", "/api/v1/groups"): OWN,
    ("POST", "/api/v1/groups"): OWN_INPUT,
    ("GET", "/api/v1/groups/<uuid:group_id>"): GROUP,
    ("PATCH", "/api/v1/groups/<uuid:group_id>"): GROUP_INPUT,
    ("GET", "/api/v1/groups/<uuid:group_id>/members"): GROUP,
    ("POST", "/api/v1/groups/<uuid:group_id>/members"): GROUP_INPUT,
    ("GET", "/api/v1/groups/<uuid:group_id>/balances"): GROUP,
    ("GET", "/api/v1/groups/<uuid:group_id>/orders"): GROUP,
    ("POST", "/api/v1/groups/<uuid:group_id>/orders"): GROUP_INPUT,
    ("GET", "/api/v1/groups/<uuid:group_id>/orders/<uuid:order_id>"): GROUP_ITEM,
    ("DELETE", "/api/v1/groups/<uuid:group_id>/orders/<uuid:order_id>"): GROUP_ITEM,
    ("GET", "/api/v1/groups/<uuid:group_id>/settlements"): GROUP,
    ("POST", "/api/v1/groups/<uuid:group_id>/settlements"): GROUP_INPUT,
    ("DELETE", "/api/v1/groups/<uuid:group_id>/settlements/<uuid:settlement_id>"): GROUP_ITEM,
    ("GET", "/"): Rule(303, 303, (303,)),
    ("GET", "/favicon.ico"): OPEN,
    ("GET", "/static/<path:name>"): Rule(404, 404, (404,)),
    ("GET", "/signup"): Rule(200, 303, (303,)),
    ("POST", "/signup"): FORM,
    ("GET", "/login"): Rule(200, 303, (303,)),
    ("POST", "/login"): FORM,
    ("POST", "/logout"): FORM,
    ("GET", "/groups"): PAGE,
    ("POST", "/groups"): FORM,
    ("GET", "/groups/<uuid:group_id>"): GROUP_PAGE,
    ("POST", "/groups/<uuid:group_id>/members"): FORM,
    ("POST", "/groups/<uuid:group_id>/settlements"): FORM,
    ("GET", "/groups/<uuid:group_id>/orders/new"): GROUP_PAGE,
    ("POST", "/groups/<uuid:group_id>/orders/new"): FORM,
    ("POST", "/groups/<uuid:group_id>/orders/<uuid:order_id>/delete"): FORM,
}


def routes(app: Flask) -> Iterator[tuple[str, str]]:
    """Return every method and route that the app answers."""
    for route in app.url_map.iter_rules():
        for method in METHODS:
            if method in (route.methods or ()):
                yield method, route.rule


def test_every_route_has_a_rule(app):
    assert set(routes(app)) == set(RULES)


def test_every_route_lets_in_whom_its_rule_names(app: Flask, stranger: Actor, flat: GroupOfTest):
    found = {}
    for method, route in routes(app):
        address = _address(route, flat.id)
        found[method, route] = Rule(
            _ask(app, None, method, address),
            _ask(app, stranger, method, address),
            (_ask(app, flat.owner, method, address),),
        )

    assert found == {route: RULES[route] for route in found}


@pytest.mark.parametrize("what", ["orders", "settlements"])
def test_a_row_of_another_group_is_not_reached_through_ones_own(stranger, flat, what):
    order = flat.add_order()
    other = stranger.make_group("Other")

    answers = [stranger.delete(f"{other.path}/{what}/{order['id']}").status_code]
    answers.append(stranger.get(f"{other.path}/orders/{order['id']}").status_code)

    assert answers == [404, 404]
    assert flat.balances() == {"Ayşe": "0.00"}


def test_a_token_of_somebody_else_cannot_be_revoked(ayse, stranger):
    token = ayse.post("/api/v1/tokens", {"name": "phone"}).get_json()["id"]

    refused = stranger.delete(f"/api/v1/tokens/{token}")

    assert refused.status_code == 404
    assert token in [each["id"] for each in ayse.get("/api/v1/tokens").get_json()["items"]]


@pytest.mark.parametrize("gone", [GroupMember, Group])
def test_who_has_left_or_whose_group_is_gone_is_a_stranger(
    app: Flask, flat: GroupOfTest, gone: type[GroupMember | Group]
) -> None:
    # As a sync from another release leaves it: nothing here takes a member or a group away yet.
    with app.app_context(), writing() as session:
        session.execute(update(gone).values(deleted_at=utc_now()))

    refused = flat.owner.get(flat.path)

    assert refused.status_code == 404
    assert flat.owner.get("/api/v1/groups").get_json()["items"] == []


def _address(route: str, group_id: str) -> str:
    for converter in ("<uuid:token_id>", "<uuid:order_id>", "<uuid:settlement_id>"):
        route = route.replace(converter, str(SOME_ID))
    return route.replace("<uuid:group_id>", group_id).replace("<path:name>", "nothing.css")


def _ask(app: Flask, actor: Actor | None, method: str, address: str) -> int:
    """Ask with a token for the API, with a browser's session for the pages."""
    client = app.test_client()
    options: dict[str, Any] = {"json": {}} if address.startswith("/api/v1") else {}
    if actor and address.startswith("/api/"):
        token = _fresh_token(actor) if address.endswith("/logout") else actor.token
        options["headers"] = {"Authorization": f"Bearer {token}"}
    elif actor:
        with client.session_transaction() as session:
            session["login"] = _session_of(app, actor)
    with client.open(address, method=method, **options) as response:
        return response.status_code


def _fresh_token(actor: Actor) -> str:
    token: str = actor.post("/api/v1/tokens", {"name": "to end"}).get_json()["token"]
    return token


def _session_of(app: Flask, actor: Actor) -> str:
    from backend.services import sessions

    with app.app_context(), writing():
        return sessions.start(actor.person.id)
