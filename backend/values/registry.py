"""Which conversion a column has, by its Postgres type."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from backend.schema.match import ColumnPair, TablePair
from backend.schema.tables import ColumnType
from backend.values.arrays import Array
from backend.values.binary import Bytes
from backend.values.conversion import BadValueError, Casts, Conversion, Uses
from backend.values.datetimes import Date, Time, Timestamp, TimestampTz, TimeTz
from backend.values.decimals import Fixed, Unbounded
from backend.values.floats import Double, Single
from backend.values.integers import Boolean, Whole
from backend.values.intervals import Interval
from backend.values.json_documents import Json, Jsonb
from backend.values.network import Cidr, Inet, Mac
from backend.values.text import Label, PaddedText, Text
from backend.values.uuids import Uuid


@dataclass(frozen=True)
class NullOnly(Conversion):
    """A type without a conversion: NULL and no value, so that its table travels while empty."""

    postgres_sql: ClassVar[str] = "CASE WHEN {} IS NOT NULL THEN 'value' END"

    def text(self, value: int | float | str | bytes, uses: Uses) -> str:  # noqa: ARG002
        """Refuse every value."""
        raise BadValueError(f"is a value for {self.column.type.full}, for which there is no rule")


_CONVERSIONS: dict[str, type[Conversion]] = {
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
_EXTENSION_TYPES = {"citext"}
# Nothing in a list of JSON says which bytes are meant, or tells a text from a document.
_NO_ELEMENTS = (Bytes, Json)


def conversion_for(column: ColumnPair, casts: Casts) -> Conversion:
    """Return the conversion of a column's type; without one it takes NULL alone."""
    target, declared = column.target, column.source.type.full.upper()
    conversion = _conversion(target.type)
    if conversion:
        return conversion(target, casts, declared)
    of = _element_conversion(target.type)
    if of and target.type.element:
        element = replace(target, type=target.type.element)
        return Array(target, casts, declared, of(element, casts))
    return NullOnly(target, casts, declared)


def without_conversion(pair: TablePair) -> list[ColumnPair]:
    """Return the columns of a pair whose type has no conversion."""
    return [column for column in pair.columns if not _is_known(column.target.type)]


def _is_known(target: ColumnType) -> bool:
    return bool(_conversion(target) or _element_conversion(target))


def _element_conversion(target: ColumnType) -> type[Conversion] | None:
    conversion = _conversion(target.element) if target.element else None
    return None if conversion is None or issubclass(conversion, _NO_ELEMENTS) else conversion


def _conversion(target: ColumnType) -> type[Conversion] | None:
    if target.labels:
        return Label
    if target.name == "numeric":
        return Unbounded if target.precision is None else Fixed
    _, _, bare = target.name.rpartition(".")
    return _CONVERSIONS.get(bare if bare in _EXTENSION_TYPES else target.name)
