"""Which rule a column goes by."""

from __future__ import annotations

from dataclasses import replace

from backend.tablecopy.casting.arrays import Array
from backend.tablecopy.casting.decimals import Fixed, Unbounded
from backend.tablecopy.casting.documents import Json, Jsonb
from backend.tablecopy.casting.floats import Double, Single
from backend.tablecopy.casting.identifiers import Bytes, Cidr, Inet, Mac, Uuid
from backend.tablecopy.casting.intervals import Interval
from backend.tablecopy.casting.moments import Date, Time, Timestamp, TimestampTz, TimeTz
from backend.tablecopy.casting.nulls import NullOnly
from backend.tablecopy.casting.rule import Rule
from backend.tablecopy.casting.texts import Label, PaddedText, Text
from backend.tablecopy.casting.wholes import Boolean, Whole
from backend.tablecopy.shape import Casts, ColumnPair, TablePair, TargetType

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
    "time with time zone": TimeTz,
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


# Nothing in a list of JSON says which bytes are meant, or tells a text from a document.
_NO_ELEMENTS = (Bytes, Json)


def rule_for(column: ColumnPair, casts: Casts) -> Rule:
    """Return the rule of a column's type; one without a rule takes NULL and nothing else."""
    target, declared = column.target, column.source.declared.upper()
    rule = _rule(target.type)
    if rule:
        return rule(target, casts, declared)
    of = _element_rule(target.type)
    if of and target.type.element:
        element = replace(target, type=target.type.element)
        return Array(target, casts, declared, of(element, casts))
    return NullOnly(target, casts, declared)


def without_rule(pair: TablePair) -> list[ColumnPair]:
    """Return the columns of a pair whose type has no rule."""
    types = ((column, column.target.type) for column in pair.columns)
    return [column for column, type_ in types if not (_rule(type_) or _element_rule(type_))]


def _element_rule(target: TargetType) -> type[Rule] | None:
    rule = _rule(target.element) if target.element else None
    return None if rule is None or issubclass(rule, _NO_ELEMENTS) else rule


def _rule(target: TargetType) -> type[Rule] | None:
    if target.labels:
        return Label
    if target.name == "numeric":
        return Unbounded if target.precision is None else Fixed
    _, _, bare = target.name.rpartition(".")
    return _RULES.get(bare if bare in _BROUGHT_ALONG else target.name)
