"""Accounts: signing up, logging in, and finding one by its address."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError

from backend.db.extension import db
from backend.db.transactions import writing
from backend.models import User, UserStatus
from backend.services import throttles
from backend.services.admission import Origin, admission
from backend.services.email_key import email_key
from backend.services.errors import InvalidInput, NotAuthenticated, StateConflict, TooManyTries
from backend.services.passwords import check_password, hash_password, matches
from backend.services.texts import clean_line


@dataclass(frozen=True)
class Person:
    """The account that is acting, as a value that outlives the transaction it was read in."""

    id: UUID
    email: str
    display_name: str


@dataclass(frozen=True)
class SignUp:
    """The input of a sign-up."""

    email: str
    password: str
    display_name: str


def sign_up(details: SignUp, network: str | None = None) -> tuple[Person, bool]:
    """Return the account, and whether it is new.

    Signing up twice with the same address *and* password is one account: the reply to the first
    request may have been lost. Opens its own transaction, since hashing a password takes longer
    than any transaction should.

    Raises:
        StateConflict: somebody else has the address.
        TooManyTries: too many accounts were made from this network, or too many passwords tried.
        TooBusy: too many are logging in.
    """
    user = _new_user(details)
    attempt = throttles.sign_up(network)
    with _turn(Origin(network, user.email_key), attempt):
        throttles.begin(attempt)
        is_taken = _by_key(user.email_key) is not None
        db.session.commit()
        if not is_taken:
            user.password_hash = hash_password(details.password)
    if is_taken:
        return _same_person(details, network), False
    try:
        with writing() as session:
            session.add(user)
    except IntegrityError:
        return _same_person(details, network), False
    throttles.at_home(throttles.login(user.email_key, network))
    return _person(user), True


def _new_user(details: SignUp) -> User:
    user = User(
        email=details.email.strip(),
        email_key=email_key(details.email),
        display_name=clean_line(details.display_name, field="display_name", at_most=80),
    )
    check_password(details.password)
    return user


def authenticate(email: str, password: str, network: str | None = None) -> Person:
    """Return the account that the credentials fit; errors do not tell why they do not.

    Raises:
        NotAuthenticated: they do not fit.
        TooManyTries: the account or the network has failed too often.
        TooBusy: too many are logging in.
    """
    key = _key_or_nothing(email)
    attempt = throttles.login(key, network)
    with _turn(Origin(network, key), attempt):
        state = throttles.begin(attempt)
        user = _by_key(key)
        db.session.commit()
        # Also where others have used up the tries: an answer that came sooner, or another one,
        # would tell that somebody is at home in this network.
        fits = matches(password, user.password_hash if user else None)
        person = _person(user) if user and fits and user.status == UserStatus.ACTIVE else None
        if state.seconds and not (person and state.is_known):
            raise TooManyTries("too many tries", seconds=state.seconds)
        if person is None:
            raise NotAuthenticated("e-mail and password do not fit")
    throttles.succeeded(attempt, state)
    return person


def _key_or_nothing(email: str) -> str:
    try:
        return email_key(email)
    except InvalidInput:
        return ""


def find_by_email(email: str) -> Person | None:
    """Return the active account of an address."""
    user = _by_key(email_key(email))
    return _person(user) if user and user.status == UserStatus.ACTIVE else None


@contextmanager
def _turn(origin: Origin, attempt: throttles.ThrottleAttempt) -> Iterator[None]:
    """Wait for a turn at computing a password, without holding a database connection."""
    failures = throttles.failures(attempt)
    db.session.commit()
    with admission().turn(origin, failures):
        yield


def _same_person(details: SignUp, network: str | None) -> Person:
    try:
        return authenticate(details.email, details.password, network)
    except NotAuthenticated:
        raise StateConflict(
            "there is an account with this e-mail address", hint="log in with its password"
        ) from None


def _person(user: User) -> Person:
    return Person(user.id, user.email, user.display_name)


def _by_key(key: str) -> User | None:
    return db.session.scalar(select(User).where(User.email_key == key))
