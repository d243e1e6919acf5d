"""A name that cannot be looked up any more says nothing about a server that is known."""

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

from backend.config.database_url import DatabaseUrl
from tests.fix_missing import not_here

ROOT = Path(__file__).resolve().parents[3]

# The file of names is this process's own, so that a name can be forgotten while it is running.
_NAMES = 'mount --bind "$1" /etc/hosts && shift && exec "$@"'
_ENTER = ("unshare", "--user", "--map-root-user", "--mount")

_CODE = """
import sys
from pathlib import Path
from backend.config.database_url import parse_database_url
from backend.db.dialect import dialect_for
from backend.errors import DatabaseError

url, address = sys.argv[1:]
dialect = dialect_for(parse_database_url(url))
names = Path("/etc/hosts")

def ask():
    try:
        return dialect.fetch_row("SELECT 1 AS answer", seconds=5)["answer"]
    except DatabaseError:
        return "none"

print("by name", ask())
connection = dialect.create_engine().raw_connection()
names.write_text("")
print("by address", ask())
dialect._address = {**dialect._address, "port": "1"}  # it has moved away
print("gone", ask())
names.write_text(f"{address} database.invalid\\n")
print("by name again", ask())
connection = dialect.create_engine().raw_connection()
names.write_text("")
port, dialect._address = dialect._address["port"], {**dialect._address, "port": "1"}
print("late", ask())
print("not found", ask())
dialect._address = {**dialect._address, "port": port}
print("by address again", ask())
"""


def test_a_name_that_is_not_found_any_more_is_no_frozen_database(
    postgres: DatabaseUrl, tmp_path: Path
) -> None:
    if subprocess.run([*_ENTER, "true"], check=False, capture_output=True).returncode:
        not_here("no file can be mounted in a namespace of its own")
    address = postgres.params["host"]
    names = tmp_path / "hosts"
    names.write_text(f"{address} database.invalid\n")
    named = replace(postgres, params={**postgres.params, "host": "database.invalid"})

    done = subprocess.run(
        [
            *(*_ENTER, "sh", "-c", _NAMES, "sh", str(names)),
            *(sys.executable, "-c", _CODE, named.conninfo(), address),
        ],
        check=False,
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
    )

    assert done.stdout.splitlines() == [
        *("by name 1", "by address 1", "gone none", "by name again 1"),
        # One answer that comes late is not the end of what is known.
        *("late none", "not found none", "by address again 1"),
    ], done.stderr
