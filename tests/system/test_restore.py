"""The way back: to a point and to a time under a lost table, twice, and on a new server."""

import json
import re
import shutil
import time
from collections.abc import Iterator
from http.cookiejar import CookieJar
from pathlib import Path
from typing import Any
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, build_opener

import pytest

from benchmarks.swap_drill.releases import SHIPPED, expand_revision
from tests.polling import wait_for
from tests.system.operator import Operator
from tests.system.person import Person
from tests.system.stack import Stack, new_stack, run

# A release is built and deployed, and three restores follow: on a busy machine that takes minutes.
pytestmark = pytest.mark.timeout(1200)

PHRASE = "a phrase that nobody would put together"
POINT = f"before-expand-{SHIPPED + 1:04}"
ADDS_MOTTO = expand_revision(1, "ALTER TABLE groups ADD motto text")
# The container ends with the shell, and with the container whatever the restore has started.
KILLED_RESTORE = """
    /opt/venv/bin/python /app/backend/db_backup.py restore --to "$1" --yes &
    until [ -e "$PGDATA"/../restoring-* ]; do kill -0 $! || exit 1; sleep 0.01; done
    kill -9 $!"""
# Every row of every table of the app, in one line a table.
CONTENTS = """
    SELECT table_name, md5(query_to_xml(format('TABLE %I ORDER BY 1', table_name),
        false, false, '')::text)
    FROM information_schema.tables WHERE table_schema = 'public' ORDER BY 1"""


@pytest.fixture(scope="module")
def production(built: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a stack with a backup, on which the tests of this file follow one another."""
    folder = tmp_path_factory.mktemp("restored")
    with new_stack(folder, "restored", images_of=built) as stack:
        stack.up()
        stack.compose("run", "--rm", "backup", "create")
        yield stack


@pytest.fixture
def owner(production: Stack) -> Person:
    """Give somebody who keeps a diary of what was acknowledged, in the names of groups."""
    return Person.signed_up(production)


def add(person: Person, name: str) -> None:
    person.post("groups", name=name, currency="TRY")


def names(person: Person) -> set[str]:
    return {group["name"] for group in person.get("groups")["items"]}


def restore(stack: Stack, *words: str) -> dict[str, Any]:
    """Stop the database, restore, and serve again."""
    stack.compose("stop", "db")
    ran = stack.compose("run", "--rm", "restore", *words, "--yes", "--json")
    stack.up()
    answer: dict[str, Any] = json.loads(ran.stdout)
    return answer


def now(stack: Stack) -> str:
    """Return the server's time, after which the next commit surely is."""
    moment = stack.sql("SELECT clock_timestamp()")
    time.sleep(0.01)
    return moment


def kill_a_restore(stack: Stack) -> None:
    """Begin a restore, and kill it as soon as something lies beside the data.

    From inside: asked through the engine, a busy machine would answer when the restore was over.
    """
    stack.compose("stop", "db")
    stack.compose("run", "--rm", "--entrypoint", "sh", "restore", "-c", KILLED_RESTORE, "sh", POINT)


def beside_data(container: str) -> list[str]:
    """Return the folders of restores in the volume of the data."""
    script = "cd /var/lib/postgresql/data && ls -d restor* before-restore* 2>/dev/null"
    return run("docker", "exec", container, "sh", "-c", script, check=False).stdout.split()


def has_motto(stack: Stack) -> bool:
    query = "SELECT count(*) FROM information_schema.columns WHERE column_name = 'motto'"
    return stack.sql(query) == "1"


def test_every_acknowledged_write_before_the_target_is_back_and_none_after(
    production: Stack, owner: Person
) -> None:
    operator = Operator(production)
    add(owner, "before the migration")
    operator.deploy_well(operator.derive("motto", ADDS_MOTTO).image)
    add(owner, "after the migration")
    moment = now(production)
    add(owner, "too late")
    rolled_back = operator.run("rollback")
    production.sql("DROP TABLE settlements CASCADE")

    refused = production.compose("run", "--rm", "restore", "--latest", "--yes", check=False)
    kill_a_restore(production)
    first = restore(production, "--to", POINT)
    after_first = names(owner), has_motto(production)
    add(owner, "of a second life")
    second = restore(production, "--to", moment)
    after_second = names(owner), has_motto(production)

    assert rolled_back.code == 0, rolled_back.stderr
    assert refused.returncode == 77
    assert "the database is running" in refused.stderr
    assert after_first == ({"before the migration"}, False)
    assert beside_data(production.container("db")) == sorted([first["kept"], second["kept"]])
    assert first["schema"] == f"expand {SHIPPED}, contract 0"
    assert "hesap_paylas" not in first["indexes_not_checked_in"]
    # The time lies on the timeline that the first restore has left.
    assert after_second == ({"before the migration", "after the migration"}, True)
    assert (second["timeline"], production.sql("SELECT count(*) FROM settlements")) == (1, "0")
    assert production.sql("SELECT left(pg_walfile_name(pg_current_wal_lsn()), 8)") == "00000003"

    forgotten = production.compose("run", "--rm", "restore", "--forget-old").stdout

    assert forgotten.count("removed before-restore-") == 2


def test_a_target_that_is_not_there_changes_nothing(production: Stack) -> None:
    production.compose("stop", "db")

    answers = [
        production.compose("run", "--rm", "restore", *words, check=False)
        for words in (["--to", "2020-01-01 00:00:00+00", "--yes"], ["--to", "x"], ["--latest"])
    ]
    production.up()

    assert [one.returncode for one in answers] == [65, 65, 77]
    assert "the oldest one ended at" in answers[0].stderr
    assert POINT in answers[1].stderr
    assert "LOST is what was written" in answers[2].stderr


def browser(stack: Stack, person: Person) -> OpenerDirector:
    """Return a browser in which somebody has logged in."""
    opened = build_opener(HTTPCookieProcessor(CookieJar()))
    opened.addheaders = [("Sec-Fetch-Site", "same-origin")]
    page = opened.open(f"{stack.url}/login", timeout=30).read().decode()
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    form = urlencode({**person.credentials, "csrf_token": token[1]}).encode()
    opened.open(f"{stack.url}/login", form, timeout=30)
    return opened


def test_a_new_server_goes_on_from_repository_and_escrow(
    production: Stack, built: Stack, owner: Person, tmp_path: Path
) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_text(PHRASE)
    phrase.chmod(0o644)
    secret = ("--volume", f"{phrase}:/phrase:ro")
    add(owner, "on the old server")
    visitor = browser(production, owner)
    made = production.compose(
        *("run", "--rm", *secret, "backup", "keygen", "--pass-phrase-file", "/phrase")
    ).stdout
    escrow = re.search(r"\d+/escrow-\w+\.age", made)
    assert escrow is not None
    production.compose("stop", "app-blue", "proxy")
    before = production.sql(CONTENTS)
    archive = production.sql("SELECT pg_walfile_name(pg_switch_wal())")
    # Names of one timeline are in order; the service may have archived one more by now.
    wait_for(
        lambda: archive <= production.sql("SELECT last_archived_wal FROM pg_stat_archiver"),
        "the archive to hold everything",
    )

    production.compose("down", "--volumes", "--timeout", "0")
    shutil.rmtree(production.root / "deploy")
    with new_stack(tmp_path, "clone", images_of=built) as clone:
        clone.backups = production.backups
        clone.configure()
        opened = ("--escrow", f"/backups/{escrow[0]}", "--pass-phrase-file", "/phrase")
        clone.compose("run", "--rm", *secret, "restore", *opened, "--latest", "--yes")
        clone.compose("up", "--detach", "db", "bootstrap")
        after = clone.sql(CONTENTS)
        clone.up()
        groups = visitor.open(f"{clone.url}/groups", timeout=30)

        assert after == before
        assert groups.url == f"{clone.url}/groups"
        assert "on the old server" in groups.read().decode()
        assert "took over the secret for session from the escrow" in clone.logs("secrets")
