"""One correction each: what is wrong, and the statement that puts it right."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import LiteralString

from backend.bootstrap.roles import MANAGED, PUBLIC, Rights
from backend.db import sql
from backend.db.session import Session

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Correction:
    """A correction; `why` may be logged, the statement may hold a verifier and may not."""

    why: str
    statement: sql.Sql


def correction(why: str, template: LiteralString, *parts: sql.SqlPart) -> Correction:
    """Return a correction whose statement is the template with the parts in its braces."""
    return Correction(why, sql.statement(template, *parts))


def apply(session: Session, corrections: Iterable[Correction]) -> int:
    """Run the corrections in order and return how many there were."""
    count = 0
    for count, one in enumerate(corrections, 1):  # noqa: B007 - returned below
        log.info("bootstrap: %s", one.why)
        session.execute(one.statement)
    return count


def name_of(role: str) -> sql.SqlPart:
    """Return a role's name as SQL; PUBLIC is a word, not a name."""
    return sql.statement(PUBLIC) if role == PUBLIC else sql.name(role)


def rights_corrections(
    on: sql.SqlPart, label: str, wanted: Rights, found: Rights
) -> Iterator[Correction]:
    """Correct what PUBLIC and our own roles may do on one object.

    What other roles may do is the operator's business: a person may have been let in to read.
    """
    for role, privilege in sorted(found - wanted):
        if role == PUBLIC or role in MANAGED:
            yield correction(
                f"revoke {privilege} on {label} from {role}",
                "REVOKE {} ON {} FROM {} CASCADE",
                *(sql.statement(_word(privilege)), on, name_of(role)),
            )
    for role, privilege in sorted(wanted - found):
        yield correction(
            f"grant {privilege} on {label} to {role}",
            "GRANT {} ON {} TO {}",
            *(sql.statement(_word(privilege)), on, name_of(role)),
        )


def _word(privilege: str) -> str:
    """Return a privilege that came from the server's own list, checked to be plain words."""
    if not privilege.replace(" ", "").isalpha():
        raise ValueError(f"{privilege!r} is not a privilege")
    return privilege
