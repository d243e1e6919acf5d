r"""The data: five tables of a bill-sharing app with integer keys, 3.42 million rows at scale 1.

Made as an ORM would have made them: money in NUMERIC columns, where SQLite keeps most of it as REAL
and some as INTEGER, booleans as 0 and 1, times as text. One text in a hundred holds what breaks
careless tools: tabs, line ends, backslashes, quotes, `\N`, emoji, or nothing at all.
"""

import sqlite3
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

TABLES = ("users", "groups", "group_members", "orders", "order_items")

SOURCE = """
CREATE TABLE users (id INTEGER NOT NULL PRIMARY KEY, email VARCHAR(120) NOT NULL UNIQUE,
    name VARCHAR(80) NOT NULL, active BOOLEAN NOT NULL, created_at DATETIME NOT NULL);
CREATE TABLE groups (id INTEGER NOT NULL PRIMARY KEY, slug VARCHAR(40) NOT NULL UNIQUE,
    name VARCHAR(80) NOT NULL, owner_id INTEGER NOT NULL REFERENCES users (id),
    created_at DATETIME NOT NULL);
CREATE TABLE group_members (group_id INTEGER NOT NULL REFERENCES groups (id),
    user_id INTEGER NOT NULL REFERENCES users (id), role VARCHAR(20) NOT NULL,
    joined_at DATETIME NOT NULL, PRIMARY KEY (group_id, user_id));
CREATE TABLE orders (id INTEGER NOT NULL PRIMARY KEY, group_id INTEGER NOT NULL,
    payer_id INTEGER NOT NULL, title VARCHAR(120) NOT NULL, total NUMERIC(12, 2) NOT NULL,
    note TEXT, settled BOOLEAN NOT NULL, created_at DATETIME NOT NULL,
    FOREIGN KEY (group_id, payer_id) REFERENCES group_members (group_id, user_id));
CREATE TABLE order_items (id INTEGER NOT NULL PRIMARY KEY,
    order_id INTEGER NOT NULL REFERENCES orders (id),
    user_id INTEGER NOT NULL REFERENCES users (id),
    name VARCHAR(120) NOT NULL, quantity INTEGER NOT NULL, price NUMERIC(12, 2) NOT NULL,
    created_at DATETIME NOT NULL);
"""

# The same for Postgres, in the order in which a loader wants it: bare tables, then the rest.
TARGET = {
    "users": """CREATE TABLE users (id integer NOT NULL, email varchar(120) NOT NULL,
        name varchar(80) NOT NULL, active boolean NOT NULL, created_at timestamp NOT NULL)""",
    "groups": """CREATE TABLE groups (id integer NOT NULL, slug varchar(40) NOT NULL,
        name varchar(80) NOT NULL, owner_id integer NOT NULL, created_at timestamp NOT NULL)""",
    "group_members": """CREATE TABLE group_members (group_id integer NOT NULL,
        user_id integer NOT NULL, role varchar(20) NOT NULL, joined_at timestamp NOT NULL)""",
    "orders": """CREATE TABLE orders (id integer NOT NULL, group_id integer NOT NULL,
        payer_id integer NOT NULL, title varchar(120) NOT NULL, total numeric(12, 2) NOT NULL,
        note text, settled boolean NOT NULL, created_at timestamp NOT NULL)""",
    "order_items": """CREATE TABLE order_items (id integer NOT NULL, order_id integer NOT NULL,
        user_id integer NOT NULL, name varchar(120) NOT NULL, quantity integer NOT NULL,
        price numeric(12, 2) NOT NULL, created_at timestamp NOT NULL)""",
}
# Two lists, of about the same length, for two connections.
INDEXES = (
    (
        "ALTER TABLE order_items ADD CONSTRAINT order_items_pkey PRIMARY KEY (id)",
        "CREATE INDEX ix_order_items_order_id ON order_items (order_id)",
        "CREATE INDEX ix_order_items_user_id ON order_items (user_id)",
    ),
    (
        "ALTER TABLE orders ADD CONSTRAINT orders_pkey PRIMARY KEY (id)",
        "CREATE INDEX ix_orders_group_id_payer_id ON orders (group_id, payer_id)",
        "CREATE INDEX ix_orders_created_at ON orders (created_at)",
        "ALTER TABLE group_members ADD CONSTRAINT group_members_pkey"
        " PRIMARY KEY (group_id, user_id)",
        "CREATE INDEX ix_group_members_user_id ON group_members (user_id)",
        "ALTER TABLE users ADD CONSTRAINT users_pkey PRIMARY KEY (id)",
        "ALTER TABLE users ADD CONSTRAINT users_email_key UNIQUE (email)",
        "ALTER TABLE groups ADD CONSTRAINT groups_pkey PRIMARY KEY (id)",
        "ALTER TABLE groups ADD CONSTRAINT groups_slug_key UNIQUE (slug)",
    ),
)
FOREIGN_KEYS = (
    (
        "ALTER TABLE order_items ADD CONSTRAINT order_items_order_id_fkey"
        " FOREIGN KEY (order_id) REFERENCES orders (id)",
        "ALTER TABLE groups ADD CONSTRAINT groups_owner_id_fkey"
        " FOREIGN KEY (owner_id) REFERENCES users (id)",
    ),
    (
        "ALTER TABLE order_items ADD CONSTRAINT order_items_user_id_fkey"
        " FOREIGN KEY (user_id) REFERENCES users (id)",
        "ALTER TABLE orders ADD CONSTRAINT orders_group_id_payer_id_fkey"
        " FOREIGN KEY (group_id, payer_id) REFERENCES group_members (group_id, user_id)",
        "ALTER TABLE group_members ADD CONSTRAINT group_members_group_id_fkey"
        " FOREIGN KEY (group_id) REFERENCES groups (id)",
        "ALTER TABLE group_members ADD CONSTRAINT group_members_user_id_fkey"
        " FOREIGN KEY (user_id) REFERENCES users (id)",
    ),
)

_NUMBERS = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"
_ODD = r"""CASE i % 700
    WHEN 7 THEN 'tab' || char(9) || 'here' WHEN 107 THEN 'two' || char(10) || 'lines'
    WHEN 207 THEN 'back\slash' WHEN 307 THEN 'she said "so", then left' WHEN 407 THEN '\N'
    WHEN 507 THEN 'künefe 🍮' WHEN 607 THEN '' ELSE %s END"""
_MOMENT = (
    "strftime('%Y-%m-%d %H:%M:%S', 1700000000 + i * 17 % 60000000, 'unixepoch')"
    " || printf('.%06d', i * 7919 % 1000000)"
)


@dataclass(frozen=True)
class Size:
    """How many rows each table has; 1 is 3.42 million in all."""

    scale: float

    def of(self, table: str) -> int:
        """Return the number of rows of a table."""
        whole = {"users": 100_000, "groups": 20_000, "group_members": 300_000}
        return int(self.scale * {**whole, "orders": 1_000_000, "order_items": 2_000_000}[table])

    @property
    def rows(self) -> int:
        """Return the number of all rows."""
        return sum(map(self.of, TABLES))


def make_source(path: Path, size: Size) -> None:
    """Write the file."""
    with closing(sqlite3.connect(path)) as file:
        file.executescript("PRAGMA journal_mode = WAL; PRAGMA synchronous = OFF;" + SOURCE)
        for table, columns in _columns(size).items():
            sql = f"INSERT INTO {table} {_NUMBERS} SELECT {columns} FROM n"  # noqa: S608 - ours
            file.execute(sql, (size.of(table),))
        file.commit()
        file.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _columns(size: Size) -> dict[str, str]:
    """Return SQL for the columns of row `i` of each table."""
    users, orders = size.of("users"), size.of("orders")
    paid = f"(i * 7 % {size.of('group_members')})"
    title, note = _text("'Akşam yemeği ' || i"), _text("'nakit, ' || i")
    person, circle, dish = (_text(f"'{word} ' || i") for word in ("Kişi", "Grup", "Meze"))
    return {
        "users": f"i, 'kisi' || i || '@example.com', {person}, i % 13 > 0, {_MOMENT}",
        "groups": f"i, 'grup-' || i, {circle}, 1 + i * 7 % {users}, {_MOMENT}",
        "group_members": f"{_member('(i - 1)', users)}, iif(i % 15 = 1, 'owner', ''), {_MOMENT}",
        "orders": f"i, {_member(paid, users)}, {title}, i * 37 % 1000000 / 100.0,"
        f" iif(i % 3 = 0, NULL, {note}), i % 2, {_MOMENT}",
        "order_items": f"i, 1 + i * 3 % {orders}, 1 + i * 11 % {users}, {dish},"
        f" 1 + i % 5, i * 41 % 500000 / 100.0, {_MOMENT}",
    }


def _member(number: str, users: int) -> str:
    """Return group and user of a membership: fifteen a group, the pairs all different."""
    return f"1 + {number} / 15, 1 + ({number} / 15 * 31 + {number} % 15) % {users}"


def _text(usual: str) -> str:
    return _ODD.replace("%s", usual)
