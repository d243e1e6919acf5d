"""What differs between a manifest and the databases that a restore has brought back."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence

from backend.backup.postgres.contents import DatabaseContents, SequenceState, TableContents

# A schema that differs much is not the same schema: the first lines tell as much as all.
_MOST_LINES = 12
# Which releases of Postgres wrote and read it: another one than ours, of somebody else's server, or
# of our own after a patch.
_VERSIONS = "-- Dumped "

Databases = Mapping[str, DatabaseContents]


def differences(expected: Databases, found: Databases) -> Iterator[str]:
    """Yield each difference in words; nothing if all is exactly as it was."""
    yield from _one_sided("database", list(expected), list(found))
    for name in expected.keys() & found.keys():
        for difference in _of_database(expected[name], found[name]):
            yield f"{name}: {difference}"


def _of_database(expected: DatabaseContents, found: DatabaseContents) -> Iterator[str]:
    yield from _one_sided("table", list(expected.tables), list(found.tables))
    for name in sorted(expected.tables.keys() & found.tables.keys()):
        yield from _of_table(name, expected.tables[name], found.tables[name])
    yield from _one_sided("sequence", list(expected.sequences), list(found.sequences))
    for name in sorted(expected.sequences.keys() & found.sequences.keys()):
        yield from _of_sequence(name, expected.sequences[name], found.sequences[name])
    yield from _of_schema(expected.schema, found.schema)


def _one_sided(kind: str, expected: Sequence[str], found: Sequence[str]) -> Iterator[str]:
    for name in sorted(set(expected) - set(found)):
        yield f"{kind} {name} is missing"
    for name in sorted(set(found) - set(expected)):
        yield f"{kind} {name} was not there"


def _of_table(name: str, expected: TableContents, found: TableContents) -> Iterator[str]:
    if expected.rows != found.rows:
        yield f"table {name} has {found.rows} rows, expected {expected.rows}"
    elif expected.sha256 != found.sha256:
        yield f"table {name}: {found.rows} rows as expected, but what is in them differs"


def _of_sequence(name: str, expected: SequenceState, found: SequenceState) -> Iterator[str]:
    """A sequence may have gone on: the server notes in the WAL what it will give out next."""
    if expected.last is None or expected.cycles:
        return
    if found.last is None:
        yield f"sequence {name} begins anew, expected it after {expected.last}"
        return
    ahead = found.last - expected.last
    if (ahead if expected.increment > 0 else -ahead) < 0:
        yield f"sequence {name} is at {found.last}, behind {expected.last}"


def _of_schema(expected: str, found: str) -> Iterator[str]:
    lines = difflib.unified_diff(_objects(expected), _objects(found), n=0, lineterm="")
    changed = [line for line in lines if line[0] in "+-" and line[:3] not in {"+++", "---"}]
    # pg_dump puts a comment and blank lines around each object.
    telling = [one for one in changed if one[1:].strip() and not one[1:].startswith("--")]
    shown = (telling or changed)[:_MOST_LINES]
    for line in shown:
        yield f"schema: {'not there before' if line[0] == '+' else 'missing'}: {line[1:].strip()}"
    if len(changed) > len(shown):
        yield f"schema: {len(changed) - len(shown)} more lines of pg_dump"


def _objects(schema: str) -> list[str]:
    return [line for line in schema.splitlines() if not line.startswith(_VERSIONS)]
