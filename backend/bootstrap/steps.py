"""One correction each: what is wrong, and the statement that puts it right."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from psycopg import Connection, sql
from psycopg.rows import TupleRow

from backend.bootstrap.roles import MANAGED, PUBLIC, Rights

log = logging.getLogger(__name__)

Session = Connection[TupleRow]


@dataclass(frozen=True)
class Step:
    """A correction; `why` may be logged, the statement may hold a verifier and may not."""

    why: str
    statement: sql.Composed


def step(why: str, template: str, *parts: sql.Composable) -> Step:
    """Return a step whose statement is the template with the parts in its braces."""
    # The template is one of our own literals; names and values come in as parts, quoted.
    return Step(why, sql.SQL(template).format(*parts))


def apply(session: Session, steps: Iterable[Step]) -> int:
    """Run the steps in order and return how many there were."""
    count = 0
    for count, one in enumerate(steps, 1):  # noqa: B007 - returned below
        log.info("bootstrap: %s", one.why)
        session.execute(one.statement)
    return count


def name_of(role: str) -> sql.Composable:
    """Return a role's name as SQL; PUBLIC is a word, not a name."""
    return sql.SQL(PUBLIC) if role == PUBLIC else sql.Identifier(role)


def rights_steps(on: sql.Composable, label: str, wanted: Rights, found: Rights) -> Iterator[Step]:
    """Correct what PUBLIC and our own roles may do on one object.

    What other roles may do is the operator's business: a person may have been let in to read.
    """
    for role, privilege in sorted(found - wanted):
        if role == PUBLIC or role in MANAGED:
            yield step(
                f"revoke {privilege} on {label} from {role}",
                "REVOKE {} ON {} FROM {} CASCADE",
                *(sql.SQL(_word(privilege)), on, name_of(role)),
            )
    for role, privilege in sorted(wanted - found):
        yield step(
            f"grant {privilege} on {label} to {role}",
            "GRANT {} ON {} TO {}",
            *(sql.SQL(_word(privilege)), on, name_of(role)),
        )


def _word(privilege: str) -> str:
    """Return a privilege that came from the server's own list, checked to be plain words."""
    if not privilege.replace(" ", "").isalpha():
        raise ValueError(f"{privilege!r} is not a privilege")
    return privilege
