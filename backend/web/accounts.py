"""Signing up, logging in and out."""

from __future__ import annotations

from flask import Response, make_response, render_template, request, url_for

from backend.request.identity import current_person, log_in, log_out
from backend.request.network import client_network
from backend.request.refusal_log import log_refusals
from backend.services import accounts
from backend.services.errors import InvalidInput, NotAuthenticated, StateConflict, TryLater
from backend.web import drafts
from backend.web.blueprints import public
from backend.web.forms import Form, own_address, refused, retry_later, see_other, set_retry_after


@public.get("/")
def home() -> Response:
    """Redirect to the groups, which redirect to the login if need be."""
    return see_other(url_for("private.groups"))


@public.get("/signup")
def signup() -> Response:
    """Show the sign-up form."""
    return _show("signup.html", Form())


@public.post("/signup")
def sign_up() -> Response:
    """Create an account and log its owner in."""
    sent = request.form
    given = accounts.SignUp(
        email=sent.get("email", ""),
        password=sent.get("password", ""),
        display_name=sent.get("display_name", ""),
    )
    try:
        with log_refusals("sign-up"):
            person, _ = accounts.sign_up(given, client_network())
    except (InvalidInput, StateConflict) as error:
        return _show("signup.html", refused(error), status=422)
    except TryLater as error:
        return set_retry_after(_show("signup.html", retry_later(error)), error)
    log_in(person)
    return see_other(url_for("private.groups"))


@public.get("/login")
def login() -> Response:
    """Show the login form."""
    return _show("login.html", Form())


@public.post("/login")
def check_login() -> Response:
    """Log in, and redirect to the page that asked for the login."""
    sent = request.form
    try:
        with log_refusals("login"):
            person = accounts.authenticate(
                sent.get("email", ""), sent.get("password", ""), client_network()
            )
    except NotAuthenticated as error:
        return _show("login.html", Form(sent, message=f"Sorry, {error}."), status=422)
    except TryLater as error:
        return set_retry_after(_show("login.html", retry_later(error)), error)
    log_in(person)
    onward = own_address(request.args.get("next", "")) or url_for("private.groups")
    return drafts.page_back_to_form() or see_other(onward)


@public.post("/logout")
def logout() -> Response:
    """End this browser's session."""
    log_out()
    return see_other(url_for("public.login"))


def _show(template: str, form: Form, *, status: int = 200) -> Response:
    if request.method == "GET" and current_person():
        return see_other(url_for("private.groups"))
    onward = own_address(request.args.get("next", ""))
    page = render_template(template, form=form, onward=onward, kept=drafts.carried_fields())
    return make_response(page, status)
