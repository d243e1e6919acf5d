"""The person of a request: from a session cookie or from a bearer token."""

from __future__ import annotations

from flask import g, request, session

from backend.db.transactions import writing
from backend.services import api_tokens, groups, sessions
from backend.services.accounts import Person
from backend.services.errors import NotAuthenticated

LOGIN = "login"
_SCHEME = "bearer "


def current_person() -> Person | None:
    """Return the person of this request, looked up once; None if nobody is logged in."""
    if "person" not in g:
        _remember(_by_bearer() if has_bearer() else _by_session())
    person: Person | None = g.person
    return person


def require_person() -> Person:
    """Return the person of this request.

    Raises:
        NotAuthenticated: nobody is logged in.
    """
    person = current_person()
    if person is None:
        raise NotAuthenticated("nobody is logged in")
    return person


def check_access() -> None:
    """Refuse a request unless its person is known, and a member of the group in its path.

    Runs before every view of a blueprint, so that none can forget it. A view gets the `membership`
    in place of the path's `group_id`.
    """
    person = require_person()
    arguments = request.view_args or {}
    if "group_id" in arguments:
        group_id = arguments.pop("group_id")
        arguments["membership"] = groups.membership_of(person.id, group_id)


def has_bearer() -> bool:
    """Tell whether the request brings a token; then its cookies do not count.

    Pages do not take tokens: there, a form is protected by the session that it belongs to.
    """
    wants_api = request.path.startswith("/api/")
    return wants_api and request.headers.get("Authorization", "").lower().startswith(_SCHEME)


def has_session() -> bool:
    """Tell whether the request acts through a session cookie."""
    return LOGIN in session and not has_bearer()


def log_in(person: Person) -> None:
    """Log `person` in: end the browser's session and start a new one."""
    log_out()
    with writing():
        token = sessions.start(person.id)
    session.permanent = True
    session[LOGIN] = token
    _remember(person)


def log_out() -> None:
    """End this browser's session here and in the database."""
    token = session.get(LOGIN)
    if token:
        with writing():
            sessions.end(token)
    # Everything goes, the CSRF secret too: what somebody planted before a login ends with it.
    session.clear()
    _remember(None)


def revoke_bearer() -> None:
    """Revoke the token of this request."""
    token = _bearer_token()
    found = api_tokens.find_person(token) if token else None
    if found:
        with writing():
            api_tokens.revoke(found[0].id, found[1].id)


def _remember(person: Person | None) -> None:
    g.person = person
    # The line in the log names the account and never the address behind it.
    g.user_id = str(person.id) if person else None


def _by_session() -> Person | None:
    token = session.get(LOGIN)
    return sessions.find_person(token) if token else None


def _by_bearer() -> Person | None:
    found = api_tokens.find_person(_bearer_token())
    if found is None:
        return None
    person, token = found
    api_tokens.note_use(token)
    return person


def _bearer_token() -> str:
    return request.headers.get("Authorization", "")[len(_SCHEME) :].strip()
