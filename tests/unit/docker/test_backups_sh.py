"""The keys and the folder of the backups: made once, missed beside backups, never another's."""

import os
import re
import shutil

import pytest

from tests.unit.docker.conftest import ALL, BACKUP_KEYS, CLUSTER, Place


def test_pass_and_key_are_made_once(place: Place) -> None:
    place.run()
    before = place.everything()

    place.run()

    assert place.everything() == before
    head, _, password = place.read("backup/repository.conf").partition("=")
    assert head == "[global]\nrepo1-cipher-pass"
    assert len(password) == 64
    assert re.fullmatch("AGE-SECRET-KEY-1[0-9A-Z]{58}", place.read("backup/manifest_key"))


def test_the_database_has_the_pass_and_no_other_key(place: Place) -> None:
    place.run()

    assert [path.name for path in (place.root / "repository").iterdir()] == ["repository.conf"]
    assert place.read("repository/repository.conf") == place.read("backup/repository.conf")


def test_a_pass_that_was_put_back_reaches_the_database(place: Place) -> None:
    place.run()
    (place.root / "backup/repository.conf").write_text("[global]\nrepo1-cipher-pass=from-escrow\n")

    place.run()

    assert "from-escrow" in place.read("repository/repository.conf")


def test_a_new_signing_key_is_copied_for_the_escrow(place: Place) -> None:
    place.run()

    place.run("rotate", "session")

    for name in ("key", "key_fallbacks"):
        assert place.read(f"backup/session_{name}") == place.read(f"session/secret_{name}")


@pytest.mark.parametrize("name", ["repository.conf", "manifest_key"])
def test_a_key_lost_beside_backups_is_missed_and_nothing_is_made(place: Place, name: str) -> None:
    place.run()
    place.initialise_database()
    place.back_up()
    (place.root / "backup" / name).unlink()
    before = place.everything()

    refused = [place.run(), place.run("recover")]

    assert [result.returncode for result in refused] == [77, 77]
    assert f"the key of the backups is lost, {name}" in refused[0].stderr
    assert f"backups of this cluster in {CLUSTER}" in refused[0].stderr
    assert "escrow" in refused[0].stderr
    assert place.everything() == before


def test_backups_of_another_cluster_are_no_reason_to_miss_a_key(place: Place) -> None:
    place.initialise_database()
    place.back_up("7000000000000000001")

    assert place.run("recover").returncode == 0

    assert set(BACKUP_KEYS) <= set(place.everything())


def test_backups_of_before_are_no_reason_where_an_empty_database_begins(place: Place) -> None:
    place.back_up()

    assert place.run().returncode == 0


def test_keys_are_missed_where_no_backup_is_wanted_any_more(place: Place) -> None:
    place.run()
    place.initialise_database()
    place.back_up()
    (place.root / "backup/repository.conf").unlink()

    assert place.run(BACKUPS="off").returncode == 77


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("BACKUPS", "maybe"),
        ("BACKUP_GID", "wheel"),
        ("BACKUP_QUEUE_MAX", "1GB"),
        ("BACKUP_QUEUE_MAX", "lots"),
        ("BACKUP_QUEUE_MAX", "0MiB"),
    ],
)
def test_a_word_that_is_unknown_is_refused_by_name(place: Place, variable: str, value: str) -> None:
    result = place.run(**{variable: value})

    assert result.returncode == 78
    assert f"{variable}='{value}' is not accepted" in result.stderr
    assert place.everything() == {}


def test_a_folder_that_another_server_has_used_is_taken(place: Place) -> None:
    place.back_up()
    (place.backups / "copies").mkdir()

    assert place.run().returncode == 0


def test_a_folder_that_holds_something_else_is_left_alone(place: Place) -> None:
    (place.backups / "letters").write_text("dear Ana")
    before = place.backups.stat()

    result = place.run()

    assert result.returncode == 77
    assert "BACKUP_DIR" in result.stderr
    assert "holds something else: letters" in result.stderr
    assert place.everything() == {}
    assert place.backups.stat() == before


def test_dumps_that_root_brought_here_are_given_to_who_backs_up(place: Place) -> None:
    (place.backups / "dumps-bills").mkdir(parents=True)

    result = place.run(EXTERNAL_DATABASE="true")

    assert result.returncode == 0, result.stderr
    assert oct(place.backups.stat().st_mode & 0o7777) == "0o2750"


def test_an_external_database_has_no_key_of_a_cluster_and_its_notify_url(place: Place) -> None:
    (place.own / "backup_notify_url").write_text("https://hc.example.com/token")

    result = place.run(EXTERNAL_DATABASE="true")

    assert result.returncode == 0, result.stderr
    assert list(place.everything()) == [
        *("backup/notify_url", "session/secret_key", "session/secret_key_fallbacks"),
    ]


def test_a_folder_that_is_none_is_named(place: Place) -> None:
    place.backups.rmdir()
    place.backups.write_text("")

    result = place.run()

    assert result.returncode == 78
    assert "BACKUP_DIR" in result.stderr


def test_without_backups_no_folder_is_needed(place: Place) -> None:
    shutil.rmtree(place.backups)

    result = place.run(BACKUPS="off")

    assert result.returncode == 0
    assert list(place.everything()) == ALL


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_folder_that_root_brought_here_is_given_to_who_backs_up(place: Place) -> None:
    place.back_up()

    place.run(BACKUP_GID="4321")

    inside = [place.backups, *place.backups.rglob("*")]
    assert {(path.stat().st_uid, path.stat().st_gid) for path in inside} == {(999, 4321)}
    assert place.backups.stat().st_mode & 0o7777 == 0o2750


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives files away")
def test_a_run_killed_while_it_gives_the_folder_away_is_completed(place: Place) -> None:
    place.back_up()
    find = place.tools / "find"
    find.write_text("#!/bin/sh\nkill -9 $PPID\n")
    find.chmod(0o755)

    killed = place.run()
    find.unlink()
    place.run()

    assert killed.returncode != 0
    inside = [place.backups, *place.backups.rglob("*")]
    assert {path.stat().st_uid for path in inside} == {999}


@pytest.mark.skipif(os.geteuid() != 0, reason="as root every file system here takes owners")
def test_a_folder_that_cannot_be_given_away_is_named(place: Place) -> None:
    (place.tools / "chown").write_text(
        f'#!/bin/sh\ncase $* in *"{place.backups}"*) exit 1 ;; esac\nexec /bin/chown "$@"\n'
    )
    (place.tools / "chown").chmod(0o755)

    result = place.run()

    assert result.returncode == 78
    assert "BACKUP_DIR" in result.stderr
    assert "cannot be given to user 999" in result.stderr


BROUGHT = {
    "repository.conf": "[global]\nrepo1-cipher-pass=of-the-old-server\n",
    "manifest_key": "AGE-SECRET-KEY-1OLD\n",
    "session_key": "the-session-key-of-the-old-server\n",
    "session_key_fallbacks": "the-one-before\n",
}


def bring_escrow(place: Place) -> None:
    """Do what `restore --escrow` does on a new server."""
    (place.root / "escrow").mkdir(exist_ok=True)
    for name, text in BROUGHT.items():
        (place.root / "escrow" / name).write_text(text)
    place.initialise_database()
    place.back_up()


def test_what_an_escrow_brought_is_taken_over_and_the_rest_made(place: Place) -> None:
    bring_escrow(place)

    ran = place.run()

    assert ran.returncode == 0, ran.stderr
    assert place.read("session/secret_key") == BROUGHT["session_key"].strip()
    assert place.read("session/secret_key_fallbacks") == BROUGHT["session_key_fallbacks"].strip()
    for name, text in BROUGHT.items():
        assert place.read(f"backup/{name}") == text.strip()
    assert place.read("repository/repository.conf") == BROUGHT["repository.conf"].strip()
    assert place.read("superuser/password")
    assert list((place.root / "escrow").iterdir()) == []


def test_an_escrow_takes_nothing_from_a_stack_that_has_its_own(place: Place) -> None:
    place.run()
    before = place.everything()
    bring_escrow(place)

    assert place.run().returncode == 0

    assert place.everything() == before
