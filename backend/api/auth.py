"""Signing up, and getting a token for credentials."""

from __future__ import annotations

from flask import Response, jsonify

from backend.api.blueprint import open_to_all
from backend.api.messages.accounts import LoginInput, NewTokenSchema, PersonSchema, SignUpInput
from backend.api.operations import CSRF_TOKEN, REPLAYED
from backend.db.transactions import writing
from backend.request.csrf import fresh_token
from backend.request.identity import (
    has_bearer,
    has_session,
    log_out,
    require_person,
    revoke_bearer,
)
from backend.request.network import client_network
from backend.request.refusal_log import log_refusals
from backend.services import accounts, api_tokens

blueprint = open_to_all("auth", "Accounts, and how to get a token")


@blueprint.post("/auth/signup")
@blueprint.arguments(SignUpInput)
@blueprint.response(201, PersonSchema)
@blueprint.alt_response(
    200, schema=PersonSchema, description="The account was there already", headers=REPLAYED
)
@blueprint.alt_response(429, response="TOO_MANY_REQUESTS")
@blueprint.doc(security=[])
def sign_up(body: dict[str, str]) -> Response:
    """Make an account.

    Repeating it with the same address and password is safe: it is answered with the same account.
    """
    with log_refusals("sign-up"):
        person, is_new = accounts.sign_up(accounts.SignUp(**body), client_network())
    response = jsonify(PersonSchema().dump(person))
    response.status_code = 201 if is_new else 200
    if not is_new:
        response.headers["Idempotent-Replayed"] = "true"
    return response


@blueprint.post("/auth/login")
@blueprint.arguments(LoginInput)
@blueprint.response(201, NewTokenSchema)
@blueprint.alt_response(401, response="UNAUTHORIZED")
@blueprint.alt_response(429, response="TOO_MANY_REQUESTS")
@blueprint.doc(security=[])
def login(credentials: dict[str, str]) -> Response:
    """Trade e-mail and password for a bearer token, which is shown only here."""
    with log_refusals("login"):
        person = accounts.authenticate(
            credentials["email"], credentials["password"], client_network()
        )
    with writing():
        row, token = api_tokens.create(person.id, credentials["token_name"])
    response = jsonify(NewTokenSchema().dump(row) | {"token": token})
    response.status_code = 201
    return response


@blueprint.post("/auth/logout")
@blueprint.response(204)
def logout() -> Response:
    """End the session or revoke the token that this request came with."""
    require_person()
    if has_bearer():
        revoke_bearer()
    else:
        log_out()
    return Response(status=204)


@blueprint.get("/me")
@blueprint.response(200, PersonSchema, headers=CSRF_TOKEN)
def me() -> Response:
    """Say who is asking; with a session, `X-CSRF-Token` brings what unsafe methods must send."""
    response = jsonify(PersonSchema().dump(require_person()))
    if has_session():
        response.headers["X-CSRF-Token"] = fresh_token()
    return response
