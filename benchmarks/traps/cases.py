"""The cases: a file, the tables that wait for it, and what to ask them afterwards."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Trap:
    """One case; `ask` returns one text, which is what has arrived."""

    name: str
    source: str
    target: str
    ask: str = "SELECT string_agg(coalesce(v::text, 'NULL'), ' | ' ORDER BY id) FROM t"


def _value(name: str, kinds: tuple[str, str], good: str, odd: str, ask: str = Trap.ask) -> Trap:
    """Return the case of one odd value, after a row that nobody could object to.

    `kinds` are the column's types on both sides: some ways go by what SQLite calls it.
    """
    here, there = kinds
    rows = f"INSERT INTO t VALUES (1, {good}), (2, {odd})"  # noqa: S608 - written below
    return Trap(
        name,
        f"CREATE TABLE t (id INTEGER PRIMARY KEY, v {here}); {rows}",
        f"CREATE TABLE t (id bigint PRIMARY KEY, v {there})",
        ask,
    )


_TIMES = ("TIMESTAMP", "timestamp")
_CHILDREN = """
    SELECT format('%s, foreign keys: %s', (SELECT coalesce(string_agg(id::text, ' | ' ORDER BY id),
        'nothing') FROM child), (SELECT count(*) FROM pg_constraint WHERE contype = 'f'))"""

TRAPS = (
    _value("a value that does not fit", ("INTEGER", "integer"), "1", "'abc'"),
    _value("a text that is no time", _TIMES, "'2026-01-31 09:00:00'", "'31st of January'"),
    _value("a text that is too long", ("VARCHAR(3)", "varchar(3)"), "'abc'", "'abcd'"),
    _value("NUL in a text", ("TEXT", "text"), "'a'", "'left' || char(0) || 'right'"),
    _value(
        "a time with an offset into a column without a zone", _TIMES,
        "'2026-01-31 09:00:00'", "'2026-01-31 10:00:00+03:00'",
    ),
    _value(
        "'now' as a time", _TIMES, "'2026-01-31 09:00:00'", "'now'",
        "SELECT string_agg(CASE WHEN v > '2026-02-01' THEN 'the time of the load' ELSE v::text END,"
        " ' | ' ORDER BY id) FROM t",
    ),
    _value("2.675 into numeric(12,2)", ("NUMERIC(12, 2)", "numeric(12,2)"), "1.25", "2.675"),
    _value("1 into a boolean", ("BOOLEAN", "boolean"), "0", "1"),
    _value("bytes into a bytea", ("BLOB", "bytea"), "x'00'", "x'00ff5c27'"),
    Trap(
        "a row that refers to nothing",
        "CREATE TABLE parent (id INTEGER PRIMARY KEY);"
        "CREATE TABLE child (id INTEGER PRIMARY KEY, parent INTEGER);"
        "INSERT INTO parent VALUES (1); INSERT INTO child VALUES (1, 1), (2, 99)",
        "CREATE TABLE parent (id bigint PRIMARY KEY);"
        "CREATE TABLE child (id bigint PRIMARY KEY, parent bigint REFERENCES parent)",
        _CHILDREN,
    ),
    Trap(
        'a table called "Order", beside one called t',
        "CREATE TABLE t (id INTEGER PRIMARY KEY); INSERT INTO t VALUES (1);"
        'CREATE TABLE "Order" (id INTEGER PRIMARY KEY, v INTEGER);'
        'INSERT INTO "Order" VALUES (1, 7)',
        'CREATE TABLE t (id bigint PRIMARY KEY); CREATE TABLE "Order" (id bigint, v integer)',
        """SELECT string_agg(v::text, ' | ') FROM "Order" """,
    ),
    Trap(
        "the next id after AUTOINCREMENT: 2 is there, 9 was given",
        "CREATE TABLE t (id INTEGER PRIMARY KEY AUTOINCREMENT, v TEXT);"
        "INSERT INTO t VALUES (1, 'a'), (2, 'b'), (9, 'c'); DELETE FROM t WHERE id = 9",
        "CREATE TABLE t (id bigserial PRIMARY KEY, v text)",
        "SELECT nextval('t_id_seq')::text",
    ),
)  # fmt: skip
