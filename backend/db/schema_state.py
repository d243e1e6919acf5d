"""Which schema the database has, and whether this release can work with it.

Two levels, in one row: how many *expand* revisions were applied (they only add) and how many
*contract* revisions (they take away what no running release needs any more). A release says which
expand level it needs and which contract level it tolerates; so a schema may be newer than the
code, and expanding never unreadies the release that is serving.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from sqlalchemy import BigInteger, CheckConstraint
from sqlalchemy.orm import Mapped, mapped_column

from backend.db.base import STAYS, Base
from backend.db.types import UtcDateTime, utc_now
from backend.errors import DatabaseError, TransientError

if TYPE_CHECKING:
    from backend.db.dialect import Dialect

# This release's contract with the schema. Raise the first together with a new expand revision
# that the code needs, the second with a contract revision that the code can live with.
NEEDS_EXPAND = 2
TOLERATES_CONTRACT = 0

State = Literal["ok", "behind", "contracted", "missing"]

_QUERY = "SELECT expand_level, contract_level FROM schema_state WHERE id = 1"


class SchemaState(Base):
    """The one row that the migration runner keeps."""

    __tablename__ = "schema_state"
    __table_args__ = (CheckConstraint("id = 1", name="one_row"), {"info": {STAYS: True}})

    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=False)
    expand_level: Mapped[int] = mapped_column(BigInteger)
    contract_level: Mapped[int] = mapped_column(BigInteger)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime, default=utc_now)


@dataclass(frozen=True)
class SchemaReport:
    """What was found, beside what this release asks for."""

    state: State
    expand_level: int | None
    contract_level: int | None
    needs_expand: int = NEEDS_EXPAND
    tolerates_contract: int = TOLERATES_CONTRACT

    def as_dict(self) -> dict[str, int | str | None]:
        """Return the report as the health endpoints show it."""
        return asdict(self)


def judge(expand_level: int, contract_level: int) -> SchemaReport:
    """Return whether a schema of these levels fits this release."""
    state: State = "ok"
    if expand_level < NEEDS_EXPAND:
        state = "behind"
    elif contract_level > TOLERATES_CONTRACT:
        state = "contracted"
    return SchemaReport(state, expand_level, contract_level)


MISSING = SchemaReport("missing", None, None)


def read_schema(dialect: Dialect, *, seconds: float) -> SchemaReport:
    """Ask the database for its levels, on a short connection of its own.

    Raises:
        DatabaseError: the database does not answer.
    """
    try:
        row = dialect.fetch_row(_QUERY, seconds=seconds)
    except TransientError:
        raise
    except DatabaseError:
        # An empty database answers with an error too: tell it from one that is not there.
        dialect.fetch_row("SELECT 1 AS answer", seconds=seconds)
        return MISSING
    return judge(int(row["expand_level"] or 0), int(row["contract_level"] or 0)) if row else MISSING
