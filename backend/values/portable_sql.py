"""How Postgres reads and writes a value in the form of `portable`."""

from __future__ import annotations

from backend.db.sql import Sql, SqlPart, statement, verbatim
from backend.values.kinds import ValueKind

# to_char makes NULL of infinity, and NULL means that there is no value.
_READ = {
    ValueKind.UUID: "replace({0}::text, '-', '')",
    ValueKind.MOMENT: (
        "coalesce(to_char({0} AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI:SS.US'), {0}::text)"
    ),
    ValueKind.DATE: "coalesce(to_char({0}, 'YYYY-MM-DD'), {0}::text)",
    ValueKind.FLAG: "{0}::integer",
    ValueKind.WHOLE: "{0}",
    ValueKind.TEXT: "{0}",
    ValueKind.NAIVE: "coalesce(to_char({0}, 'YYYY-MM-DD HH24:MI:SS.US'), {0}::text)",
    ValueKind.REAL: "{0}",
    ValueKind.DECIMAL: "trim_scale({0})::text",
    ValueKind.OTHER: "{0}::text",
}
_WRITE = {
    ValueKind.UUID: "{}::uuid",
    ValueKind.MOMENT: "{}::timestamp AT TIME ZONE 'UTC'",
    ValueKind.DATE: "{}::date",
    ValueKind.FLAG: "({}::integer)::boolean",
    ValueKind.WHOLE: "{}::bigint",
    ValueKind.TEXT: "{}::text",
    ValueKind.NAIVE: "{}::timestamp",
    ValueKind.REAL: "{}::double precision",
    ValueKind.DECIMAL: "{}::numeric",
}


def read(kind: ValueKind, stored: SqlPart) -> Sql:
    """Return the expression that gives a stored value in the one form."""
    return statement(_READ[kind], stored)


def written(kind: ValueKind, given: SqlPart, type_name: str) -> Sql:
    """Return the expression that makes a value of a column from such a value's text.

    `type_name` is the server's own word for the type of a column of OTHER.
    """
    if kind is ValueKind.OTHER:
        return statement("({}::text)::{}", given, verbatim(type_name))
    return statement(_WRITE[kind], given)
