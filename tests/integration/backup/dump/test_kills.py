"""A run that is killed loses no dump that is there, and leaves nothing that the next one trips on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.integration.backup.dump.bills import Bills
from tests.polling import wait_for

ROOT = Path(__file__).resolve().parents[4]
FILL = (
    "INSERT INTO other.notes SELECT md5(n::text || m) FROM generate_series(1, 1000) n,"
    " generate_series(1, 200) m"
)


def run(bills: Bills, *words: str) -> subprocess.Popen[str]:
    """Start the command as the service's image does."""
    database = bills.settings.database
    url = database.with_login("{user}", "{password}")
    host = f"{url.params['host']}:{url.params['port']}/{url.params['dbname']}"
    password = "".join(f"%{one:02x}" for one in database.password.encode())
    address = bills.repository.key_path.with_name("url")
    address.write_text(f"postgresql://{database.params['user']}:{password}@{host}")
    folder = bills.settings.scratch
    environ = {
        "PATH": bills.settings.search_path,
        "DATABASE_URL_FILE": str(address),
        "BACKUP_DIR": str(bills.repository.root.parent),
        "DUMP_KEY_DIR": str(bills.repository.key_path.parent),
        "SCRATCH_DIR": str(folder.root),
        "DRILL_SOCKET_DIR": str(folder.socket),
    }
    command = [sys.executable, "backend/db_backup.py", *words]
    return subprocess.Popen(
        command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def folder_of(bills: Bills) -> Path:
    name = bills.settings.database.params["dbname"]
    return bills.repository.root.with_name(f"dumps-{name}")


def test_a_dump_that_is_killed_is_none_and_the_next_one_is_whole(bills: Bills) -> None:
    bills.execute(FILL)
    killed = run(bills, "create")
    folder = folder_of(bills)
    wait_for(lambda: _grown(folder), "the dump to be written")
    killed.kill()
    killed.communicate()
    left = [path.name for path in folder.glob("*.dump.age")]

    created = run(bills, "create")
    said, _ = created.communicate()

    assert left == []
    assert (created.returncode, "dump" in said) == (0, True)
    assert list(folder.glob("*.partial")) == []
    assert len(list(folder.glob("*.age"))) == 2


def _grown(folder: Path) -> bool:
    return any(path.stat().st_size > 100_000 for path in folder.glob("*.partial"))
