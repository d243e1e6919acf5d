"""Signing up, logging in and out."""

from __future__ import annotations

from flask import Response, make_response, render_template, request, url_for

from backend.request.identity import current_person, log_in, log_out
from backend.request.network import client_network
from backend.request.refusals import noted
from backend.services import accounts
from backend.services.errors import Conflict, InvalidInput, NotAuthenticated, TryLater
from backend.web import drafts
from backend.web.blueprints import everybody
from backend.web.forms import Form, inside, later, put_off, refused, see


@everybody.get("/")
def home() -> Response:
    """Lead to the groups, by way of the login if need be."""
    return see(url_for("pages.groups"))


@everybody.get("/signup")
def signup() -> Response:
    """Ask a newcomer for what an account takes."""
    return _show("signup.html", Form())


@everybody.post("/signup")
def sign_up() -> Response:
    """Make an account and log its owner in."""
    sent = request.form
    wish = accounts.SignUp(
        email=sent.get("email", ""),
        password=sent.get("password", ""),
        display_name=sent.get("display_name", ""),
    )
    try:
        with noted("sign-up"):
            person, _ = accounts.sign_up(wish, client_network())
    except (InvalidInput, Conflict) as error:
        return _show("signup.html", refused(error), status=422)
    except TryLater as error:
        return put_off(_show("signup.html", later(error)), error)
    log_in(person)
    return see(url_for("pages.groups"))


@everybody.get("/login")
def login() -> Response:
    """Ask who is there."""
    return _show("login.html", Form())


@everybody.post("/login")
def check_login() -> Response:
    """Log in, and go on to where the person was heading."""
    sent = request.form
    try:
        with noted("login"):
            person = accounts.authenticate(
                sent.get("email", ""), sent.get("password", ""), client_network()
            )
    except NotAuthenticated as error:
        return _show("login.html", Form(sent, message=f"Sorry, {error}."), status=422)
    except TryLater as error:
        return put_off(_show("login.html", later(error)), error)
    log_in(person)
    onward = inside(request.args.get("next", "")) or url_for("pages.groups")
    return drafts.carried_on() or see(onward)


@everybody.post("/logout")
def logout() -> Response:
    """End this browser's session."""
    log_out()
    return see(url_for("web.login"))


def _show(template: str, form: Form, *, status: int = 200) -> Response:
    if request.method == "GET" and current_person():
        return see(url_for("pages.groups"))
    onward = inside(request.args.get("next", ""))
    page = render_template(template, form=form, onward=onward, kept=drafts.carried())
    return make_response(page, status)
