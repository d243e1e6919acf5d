"""The one-shot that makes the stack's secrets: made once, kept, missed when they are lost."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.unit.docker.conftest import ALL, GOOD, LOGINS, Place


def test_first_run_makes_every_secret_and_no_two_alike(place: Place) -> None:
    result = place.run()

    made = place.everything()
    assert result.returncode == 0
    assert list(made) == ALL
    logins = [made[name] for name in LOGINS]
    assert len(set(logins)) == len(LOGINS) - 1  # the first fallback is the key itself
    assert all(len(value.strip()) == 48 for value in logins)


def note_a_cluster(place: Place) -> None:
    (place.root / "superuser").mkdir(exist_ok=True)
    (place.root / "superuser/cluster").write_text("7312\n")


def test_data_that_is_gone_is_missed_before_anything_is_made(place: Place) -> None:
    note_a_cluster(place)

    refused = place.run()

    assert refused.returncode == 77
    assert f"the data is gone: expected cluster 7312 in {place.cluster}" in refused.stderr
    assert "run --rm secrets forget-cluster" in refused.stderr
    assert list(place.everything()) == ["superuser/cluster"]


def test_a_forgotten_cluster_is_not_missed(place: Place) -> None:
    note_a_cluster(place)

    assert place.run("forget-cluster").returncode == 0

    assert place.run().returncode == 0
    assert list(place.everything()) == ALL


def test_a_noted_cluster_that_is_there_is_not_missed(place: Place) -> None:
    place.run()
    note_a_cluster(place)
    place.initialise_database()

    assert place.run().returncode == 0


def test_on_an_external_database_no_cluster_is_missed(place: Place) -> None:
    note_a_cluster(place)

    assert place.run(EXTERNAL_DATABASE="true").returncode == 0


def test_second_run_changes_nothing(place: Place) -> None:
    place.run()
    before = place.everything()

    result = place.run()

    assert (result.returncode, result.stderr) == (0, "")
    assert place.everything() == before


def test_of_several_runs_at_once_one_makes_the_secrets(place: Place) -> None:
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(lambda _: place.run(), range(4)))

    made = [line for result in results for line in result.stderr.splitlines()]
    assert [result.returncode for result in results] == [0] * 4
    assert sorted(made) == [
        f"secrets: made a secret for {name}"
        for name in ("app-blue", "app-green", "migrate", "session", "superuser")
    ]


def test_secrets_are_never_printed(place: Place) -> None:
    (place.own / "secret_key").write_text(GOOD)

    said = place.run().stderr + place.run("rotate", "app-blue").stderr

    assert GOOD not in said
    assert place.read("app-blue/password") not in said


def test_files_are_for_their_readers_only(place: Place) -> None:
    place.run()

    modes = {name: oct((place.root / name).stat().st_mode)[-3:] for name in ALL}

    assert modes["superuser/password"] == "440"
    assert {mode for name, mode in modes.items() if name != "superuser/password"} == {"400"}


@pytest.mark.parametrize(("name", "file"), [("superuser", "password"), ("session", "secret_key")])
def test_lost_beside_a_database_is_refused_with_the_command_that_heals_it(
    place: Place, name: str, file: str
) -> None:
    place.run()
    place.initialise_database()
    (place.root / name / file).unlink()
    before = place.everything()

    result = place.run()

    assert result.returncode == 77
    assert f"lost beside an old data volume: {name}." in result.stderr
    assert (
        "docker compose -f deploy/docker-compose.prod.pg.yml run --rm secrets recover"
        in result.stderr
    )
    assert place.everything() == before


def test_recover_makes_what_was_lost_and_keeps_the_rest(place: Place) -> None:
    place.run()
    place.initialise_database()
    (place.root / "superuser/password").unlink()
    before = place.everything()

    result = place.run("recover")

    after = place.everything()
    assert result.returncode == 0
    assert list(after) == ALL
    assert {name: after[name] for name in before} == before
    assert place.run().returncode == 0


def test_password_of_a_role_is_made_anew_beside_a_database(place: Place) -> None:
    place.run()
    place.initialise_database()
    (place.root / "app-blue/password").unlink()

    result = place.run()

    assert result.returncode == 0
    assert len(place.read("app-blue/password")) == 48


def test_run_that_was_killed_is_completed_by_the_next(place: Place) -> None:
    (place.root / "superuser").mkdir()
    (place.root / "superuser/password.tmp").write_text("half of a sec")
    (place.root / "migrate").mkdir()
    (place.root / "migrate/password").write_text("")

    result = place.run()

    assert result.returncode == 0
    assert list(place.everything()) == ALL
    assert len(place.read("migrate/password")) == 48


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("cluster/PG_VERSION", "16\n", "was made by PostgreSQL 16, this image is PostgreSQL 17"),
        ("cluster/notes", "mine", "PG_VERSION is missing"),
        ("PG_VERSION", "17\n", "is itself a cluster, made by another image"),
    ],
)
def test_unsuitable_data_volume_is_refused_before_anything_is_written(
    place: Place, file: str, content: str, said: str
) -> None:
    found = place.cluster.parent / file
    found.parent.mkdir(exist_ok=True)
    found.write_text(content)

    result = place.run()

    assert result.returncode == 77
    assert said in result.stderr
    assert "nothing was changed" in result.stderr
    assert place.everything() == {}
