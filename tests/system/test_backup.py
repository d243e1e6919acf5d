"""Backups of the running stack: what came back is compared, and whatever is wrong is seen."""

import re
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from tests.polling import wait_for
from tests.system.backup_tool import COPY, KILL_A_BACKUP, KILLED, BackupTool
from tests.system.stack import Stack

FLIP = "printf '\\377\\377\\377' | dd of=$(ls -S $full/bundle/* | head -n 1) bs=1 seek=50000 conv=notrunc"
TRUNCATE = "truncate -s 100000 $(ls -S $full/bundle/* | head -n 1)"
NEWEST_WAL = "ls archive/app/17-1/*/*.zst | tail -n 1"
REMOVE_WAL = "rm {wal}"
# The holder waits if it is the second for a moment: we ask whether it has the lock by taking it.
HOLD_THE_LOCK = (
    "flock ../lock sleep 100 >/dev/null 2>&1 & holder=$!;"
    " while flock -n ../lock true; do sleep 0.1; done; echo $holder"
)
SWAP = "cd ../manifests; mv {oldest}.age x; mv {newest}.age {oldest}.age; mv x {newest}.age"
# Between restore and comparison, in a server of one process that recovers to the end first: one cent.
CHANGE_A_CENT = """#!/bin/sh
set -eu
/usr/bin/pgbackrest "$@"
case " $* " in *" restore "*) ;; *) exit 0 ;; esac
echo 'UPDATE kept SET cents = cents + 1 WHERE id = 4711' |
  postgres --single -D /scratch/cluster -c hot_standby=off -c archive_mode=off postgres >/dev/null 2>&1"""
DAMAGE_MANIFEST = "printf '\\377' | dd of=../manifests/{newest}.age bs=1 seek=300 conv=notrunc"


class Made(NamedTuple):
    """The names of two backups, and the segment of WAL that the newer one's point lies in."""

    oldest: str
    newest: str
    wal: str


@pytest.fixture(scope="module")
def names(stack: Stack) -> Iterator[Made]:
    """Two backups with manifests, the second of what has changed since the first."""
    tool = BackupTool(stack)
    stack.sql("CREATE TABLE kept (id int PRIMARY KEY, cents bigint)", "postgres")
    stack.sql("INSERT INTO kept SELECT n, n * n FROM generate_series(1, 5000) n", "postgres")
    first = tool.answer("create", "--type", "full")
    stack.sql("UPDATE kept SET cents = cents + 1 WHERE id = 7", "postgres")
    second = tool.answer("create", "--type", "diff")
    # Made by now: what a server writes by itself later, no drill needs.
    yield Made(first["name"], second["name"], tool.shell(NEWEST_WAL))
    stack.sql("DROP TABLE kept", "postgres")


@pytest.fixture
def tool(stack: Stack) -> BackupTool:
    return BackupTool(stack)


@pytest.fixture
def copy(tool: BackupTool, names: Made) -> Iterator[BackupTool]:
    """The tool, with a copy of all backups at hand that may be harmed."""
    tool.copy()
    yield tool
    tool.forget_copy()


def test_a_backup_comes_back_exactly_and_the_release_finds_it_sound(tool, names) -> None:
    drill = tool.answer("drill")

    listed = {one["name"]: one for one in tool.answer("list")["backups"]}

    assert (drill["backup"], drill["clean"], drill["differences"]) == (names.newest, True, [])
    assert drill["tables"] > 10
    assert drill["rows"] > 5000
    assert [listed[name]["kind"] for name in names[:2]] == ["full", "diff"]
    assert listed[names.newest]["proven_at"] is not None


def test_a_whole_repository_is_found_whole(tool, names) -> None:
    done = tool.run("verify")

    assert (done.returncode, "every file is as it was written" in done.stdout) == (0, True)


@pytest.mark.parametrize(
    ("command", "harm", "named"),
    [
        pytest.param("verify", FLIP, "checksum invalid files: 1", id="a flipped byte"),
        # Whether unpacking or comparing finds it depends on the byte.
        pytest.param("drill", FLIP, "difference: pgbackrest restore: ", id="the same, restored"),
        pytest.param("verify", TRUNCATE, "checksum invalid files: ", id="a truncated file"),
        pytest.param("verify", REMOVE_WAL, " is missing", id="missing WAL"),
        pytest.param(
            "drill",
            REMOVE_WAL,
            "recovery ended before configured recovery target was reached",
            id="missing WAL, restored",
        ),
        pytest.param("drill", SWAP, "{newest} is that of {oldest}", id="swapped manifests"),
        pytest.param("verify", SWAP, "{oldest} is that of {newest}", id="swapped, read"),
        pytest.param("drill", DAMAGE_MANIFEST, "{newest} is damaged", id="a damaged manifest"),
    ],
)
def test_damage_is_seen_and_named(copy, names, command, harm, named) -> None:
    words = names._asdict()
    copy.shell(harm.format(**words))

    done = copy.run(command, BACKUP_DIR=COPY)

    assert done.returncode == 3
    assert named.format(**words) in done.stdout


def test_one_changed_cent_in_what_came_back_is_seen_and_its_table_named(copy, names) -> None:
    copy.shell(
        f"mkdir {COPY}/bin; cat >{COPY}/bin/pgbackrest; chmod +x {COPY}/bin/*", CHANGE_A_CENT
    )
    path = copy.shell("echo $PATH")

    done = copy.run("drill", BACKUP_DIR=COPY, PATH=f"{COPY}/bin:{path}")

    assert done.returncode == 3
    differences = [line for line in done.stdout.splitlines() if line.startswith("difference: ")]
    assert differences == [
        'difference: postgres: table "public"."kept": 5000 rows as expected,'
        " but what is in them differs"
    ]


def test_a_scratch_disk_without_room_fails_the_drill_before_anything_is_restored(copy) -> None:
    done = copy.run("drill", BACKUP_DIR=COPY, SCRATCH_DIR="/tmp")  # noqa: S108 - a small tmpfs

    assert done.returncode == 3
    assert "no room for a drill in /tmp" in done.stdout


def test_a_scratch_disk_that_fills_up_fails_the_drill_and_is_emptied(copy) -> None:
    """Files may have 600 kB and no more, as on a disk that is full in the middle."""
    done = copy.run("drill", BACKUP_DIR=COPY, blocks=1200)

    assert done.returncode == 3
    assert re.search("difference: pgbackrest restore: .*unable to write", done.stdout)
    assert "cluster" not in copy.shell("ls /scratch").split()


def test_a_key_of_other_manifests_opens_none(copy) -> None:
    keys = f"{COPY}/keys"
    copy.shell(f"mkdir {keys}; cp /run/secrets/backup/repository.conf {keys}")
    copy.shell(f"age-keygen 2>/dev/null | grep ^AGE >{keys}/manifest_key; chmod 400 {keys}/*")

    done = copy.run("drill", BACKUP_DIR=COPY, BACKUP_KEYS_DIR=keys)

    assert done.returncode == 78
    assert "cannot be opened with this key" in done.stderr


@pytest.mark.parametrize("command", ["drill", "verify", "create"])
@pytest.mark.parametrize(
    ("key", "named"),
    [
        pytest.param("printf '[global]\\nrepo1-cipher-pass=x\\n'", "does not open", id="wrong"),
        pytest.param("true", "is no cipher pass", id="missing"),
    ],
)
def test_without_the_right_cipher_pass_nothing_is_tried(copy, command, key, named) -> None:
    keys = f"{COPY}/keys"
    copy.shell(f"mkdir {keys}; cp /run/secrets/backup/manifest_key {keys}")
    copy.shell(f"{key} >{keys}/repository.conf; [ -s {keys}/repository.conf ] || rm {keys}/*.conf")

    done = copy.run(command, BACKUP_DIR=COPY, BACKUP_KEYS_DIR=keys)

    assert done.returncode == 78
    assert named in done.stderr


@pytest.mark.parametrize("command", ["drill", "verify"])
def test_an_empty_folder_proves_nothing(tool, names, command) -> None:
    done = tool.run(command, BACKUP_DIR="/scratch/empty")

    assert done.returncode == 69
    assert "there is no backup" in done.stderr


def test_whoever_comes_second_is_told_who_is_first(copy) -> None:
    holder = copy.shell(HOLD_THE_LOCK)

    done = copy.run("drill", BACKUP_DIR=COPY)
    copy.shell(f"kill {holder}")

    assert done.returncode == 75
    assert "is backing up or restoring cluster" in done.stderr


def test_a_killed_backup_harms_no_other_and_the_next_one_is_made(tool, names) -> None:
    killed = wait_for(lambda: tool.killed(KILL_A_BACKUP), "the service to end its job", every=1)

    # What it had started goes on by itself for a moment, and holds a lock of its own.
    made = wait_for(lambda: tool.run("create", "--type", "diff").returncode == 0, "a backup")

    assert (killed, made) == (KILLED, True)
    assert tool.run("drill", names.oldest).returncode == 0


def test_lost_wal_is_told_and_healed_by_the_service_itself(tool, stack, names) -> None:
    """As when the repository was full: pgBackRest dropped a segment and reported success."""
    before = tool.answer("list")["backups"]
    for _ in range(2):
        stack.sql("UPDATE kept SET cents = cents + 1; SELECT pg_switch_wal()", "postgres")
    wait_for(lambda: tool.answer("status")["wal_waiting"] == 0, "the archive to have all")

    tool.shell(f"rm $({NEWEST_WAL})")

    def newest() -> dict[str, object]:
        return dict(tool.answer("list")["backups"][-1])

    def is_healed() -> bool:
        one = newest()
        return one["kind"] == "full" and one["proven_at"] is not None

    # The service shares its processor with whoever asks.
    wait_for(is_healed, "a full, proved backup", seconds=360, every=3)
    assert newest()["name"] != before[-1]["name"]
    assert "no point in time since" in stack.logs("backup")
    wait_for(lambda: tool.run("health").returncode == 0, "the service to be well again")
