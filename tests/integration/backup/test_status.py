"""The status says what somebody has to do, and needs no key for it."""

from datetime import timedelta

import pytest

from backend.backup import keys
from backend.backup.sqlite.sqlite_backups import SQLiteBackups
from backend.cli.progress import Lines
from tests.integration.backup.shop import Clock, Command, Shop


@pytest.fixture
def clock(shop: Shop) -> Clock:
    """Let the shop's backups be made by this clock; its key has been shown."""
    clock = Clock()
    shop.backups = SQLiteBackups(shop.path, None, now=clock)
    shop.backups.keygen()
    return clock


def test_what_is_to_do_first_is_said_with_the_commands(shop: Shop) -> None:
    before = shop.backups.status().warnings
    shop.create()
    after = shop.backups.status().warnings

    assert before == ["there is no backup yet: python backend/db_backup.py create"]
    assert after == [
        "no backup is proven: python backend/db_backup.py drill",
        "the key is on this host alone: python backend/db_backup.py keygen prints it, to be kept"
        " elsewhere",
    ]


def test_a_proven_backup_and_a_key_that_was_shown_leave_nothing_to_do(
    shop: Shop, clock: Clock
) -> None:
    made = shop.create()
    shop.backups.drill(None, Lines())

    status = shop.backups.status()

    assert status.warnings == []
    assert status.newest_proven
    assert status.newest_proven.name == made.name


@pytest.mark.parametrize(
    ("passed", "warnings"),
    [
        (timedelta(hours=25), []),
        (
            timedelta(hours=27),
            [
                "the newest backup is of 2026-11-21 12:00:00 UTC: see whether cron still runs",
                "the newest proven backup is of 2026-11-21 12:00:00 UTC",
            ],
        ),
        (
            timedelta(hours=-1),
            ["backup-20261121T120000Z is from the future: the clock was wrong, then or now"],
        ),
    ],
)
def test_the_age_of_the_newest_is_watched(
    shop: Shop, clock: Clock, passed: timedelta, warnings: list[str]
) -> None:
    shop.create()
    shop.backups.drill(None, Lines())
    clock.now += passed

    assert shop.backups.status().warnings == warnings


def test_a_backup_that_was_never_drilled_is_not_proven(shop: Shop, clock: Clock) -> None:
    shop.create()

    assert shop.backups.status().warnings == [
        "no backup is proven: python backend/db_backup.py drill"
    ]


def test_a_later_drill_that_fails_takes_the_proof_away(shop: Shop, clock: Clock) -> None:
    made = shop.create()
    shop.backups.drill(None, Lines())
    clock.now += timedelta(minutes=1)
    shop.forge(made.name, "DELETE FROM sales")
    shop.backups.drill(None, Lines())

    status = shop.backups.status()

    assert status.newest_proven is None
    assert "table sales has 0 rows, expected 2,000" in status.warnings[1]


def test_a_lost_key_is_said(shop: Shop, clock: Clock) -> None:
    shop.create()
    shop.backups.drill(None, Lines())
    shop.repository.key_path.unlink()

    assert shop.backups.status().warnings == [
        f"the key {shop.repository.key_path} is gone: nothing here can be read without it"
    ]


@pytest.mark.parametrize("half", ["archive", "manifest"])
def test_a_half_that_is_missing_is_said_and_the_other_is_kept(
    shop: Shop, clock: Clock, half: str
) -> None:
    made = shop.create()
    getattr(shop.repository, half)(made.name).unlink()
    clock.now += timedelta(minutes=1)
    shop.create()

    status = shop.backups.status()

    assert f"the {half} of {made.name} is missing" in status.warnings
    assert shop.backups.verify(Lines()).findings == (f"the {half} of {made.name} is missing",)


def test_the_key_is_printed_as_age_reads_it(shop: Shop, command: Command) -> None:
    done = command("keygen")

    assert keys.parse(done.stdout, name="the answer") == shop.repository.key()


def test_the_answers_are_json_too(shop: Shop, command: Command) -> None:
    made = command.json("create")
    drilled = command.json("drill")
    verified = command.json("verify")
    status = command.json("status")
    listed = command.json("list")

    assert (drilled["backup"], drilled["clean"], drilled["rows"]) == (made["name"], True, 2002)
    assert (verified["backups"], verified["clean"]) == (1, True)
    assert status["newest_proven"]["name"] == made["name"]
    assert [one["name"] for one in listed["backups"]] == [made["name"]]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["restore"], 2, "restore to which state?"),
        (["restore", "--latest", "--to", "x"], 2, "--latest and --to name two states"),
        (["restore", "--latest", "--forget-old"], 2, "--forget-old restores nothing"),
        (["restore", "--to", "2026-11-21 10:00"], 2, "has no time zone"),
        (["restore", "--to", "backup-20260101T000000Z"], 65, "there is no backup"),
        (["create", "--type", "full"], 2, "--type is for the stack's cluster"),
        (["drill"], 65, "there is no backup"),
        (["verify"], 65, "there is no backup"),
    ],
)
def test_what_cannot_be_done_ends_in_the_code_of_the_house(
    command: Command, arguments: list[str], code: int, said: str
) -> None:
    done = command(*arguments)

    assert (done.returncode, said in done.stderr) == (code, True)


def test_beside_a_file_there_is_no_service(shop: Shop) -> None:
    done = Command(shop.path, DATABASE_URL=f"sqlite:///{shop.path}").bare("serve")

    assert done.returncode == 2
    assert "let cron run create and drill every night" in done.stderr
