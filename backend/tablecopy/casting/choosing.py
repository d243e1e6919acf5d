"""Which rule a column goes by."""

from __future__ import annotations

from backend.errors import RefusedError
from backend.tablecopy.casting.decimals import Fixed, Unbounded
from backend.tablecopy.casting.documents import Json, Jsonb
from backend.tablecopy.casting.floats import Double, Single
from backend.tablecopy.casting.identifiers import Bytes, Cidr, Inet, Mac, Uuid
from backend.tablecopy.casting.intervals import Interval
from backend.tablecopy.casting.moments import Date, Time, Timestamp, TimestampTz
from backend.tablecopy.casting.rule import Rule
from backend.tablecopy.casting.texts import Label, PaddedText, Text
from backend.tablecopy.casting.wholes import Boolean, Whole
from backend.tablecopy.shape import Casts, TablePair, TargetColumn, TargetTable, TargetType

_RULES: dict[str, type[Rule]] = {
    "smallint": Whole,
    "integer": Whole,
    "bigint": Whole,
    "boolean": Boolean,
    "real": Single,
    "double precision": Double,
    "text": Text,
    "character varying": Text,
    "character": PaddedText,
    "citext": Text,
    "timestamp without time zone": Timestamp,
    "timestamp with time zone": TimestampTz,
    "date": Date,
    "time without time zone": Time,
    "interval": Interval,
    "uuid": Uuid,
    "bytea": Bytes,
    "json": Json,
    "jsonb": Jsonb,
    "inet": Inet,
    "cidr": Cidr,
    "macaddr": Mac,
}
# An extension's types lie in whichever schema it was put into.
_BROUGHT_ALONG = {"citext"}


def rule_for(table: TargetTable, column: TargetColumn, casts: Casts) -> Rule:
    """Return the rule of a column's type.

    Raises:
        RefusedError: there is none; names the column and says what to do.
    """
    rule = _rule(column.type)
    if rule is None:
        raise RefusedError(
            f"{table.name}.{column.name} is of type {column.type.full}, for which there is no rule"
            " how to copy it exactly",
            hint="make the column text for the transfer and change its type afterwards, or leave"
            f" its table out with --exclude {table.name}",
        )
    return rule(column, casts)


def untyped(pair: TablePair, casts: Casts) -> list[RefusedError]:
    """Return a reason for each column of a pair whose type has no rule."""
    found = []
    for column in pair.columns:
        try:
            rule_for(pair.target, column.target, casts)
        except RefusedError as error:
            found.append(error)
    return found


def _rule(target: TargetType) -> type[Rule] | None:
    if target.labels:
        return Label
    if target.name == "numeric":
        return Unbounded if target.precision is None else Fixed
    _, _, bare = target.name.rpartition(".")
    return _RULES.get(bare if bare in _BROUGHT_ALONG else target.name)
