"""The one-shot that makes the stack's secrets, run by sh in temporary folders."""

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

IMAGE = Path(__file__).resolve().parents[3] / "docker" / "postgres"
GOOD = "brought-Xk2mQ9vTz7LwRb4NcYp8-and-long-enough"


@dataclass(frozen=True)
class Place:
    """Where one stack has its secrets, brought files and cluster."""

    root: Path
    own: Path
    cluster: Path
    path: str

    def run(self, *args: str, **variables: str) -> subprocess.CompletedProcess[str]:
        env = {
            "PATH": self.path,
            "SECRETS_ROOT": str(self.root),
            "OWN_SECRETS": str(self.own),
            "PGDATA": str(self.cluster),
            "PG_MAJOR": "17",
            "CLUSTER_CHECK": f"{self.path.partition(':')[0]}/check",
        }
        return subprocess.run(
            ["sh", str(IMAGE / "secrets.sh"), *args],
            env=env | variables,
            check=False,
            capture_output=True,
            text=True,
        )

    def read(self, name: str) -> str:
        return (self.root / name).read_text().rstrip("\n")

    def everything(self) -> dict[str, str]:
        files = sorted(path for path in self.root.rglob("*") if path.is_file())
        return {path.relative_to(self.root).as_posix(): path.read_text() for path in files}

    def initialise_database(self) -> None:
        self.cluster.mkdir()
        (self.cluster / "PG_VERSION").write_text("17\n")


@pytest.fixture
def place(tmp_path: Path) -> Place:
    tools = tmp_path / "tools"
    for folder in (tmp_path / "root", tmp_path / "own", tools):
        folder.mkdir()
    if os.geteuid() != 0:
        # Only root may give a file away, and write into a folder whose mode forbids it; what owner
        # and mode of the folders are, the stack's own test looks at.
        (tools / "chown").symlink_to("/bin/true")
        (tools / "chmod").write_text('#!/bin/sh\n[ -d "$2" ] || exec /bin/chmod "$@"\n')
        (tools / "chmod").chmod(0o755)
    # A clone under umask 077, or one made on Windows, holds no executable file.
    (tools / "check").write_text(f"#!/bin/sh\nexec sh '{IMAGE}/check.sh'\n")
    (tools / "check").chmod(0o755)
    path = f"{tools}:{os.environ['PATH']}"
    return Place(tmp_path / "root", tmp_path / "own", tmp_path / "cluster", path)


ALL = [
    "app-blue/password",
    "app-green/password",
    "migrate/password",
    "session/secret_key",
    "session/secret_key_fallbacks",
    "superuser/password",
]


def test_first_run_makes_every_secret_and_no_two_alike(place: Place) -> None:
    result = place.run()

    made = place.everything()
    assert result.returncode == 0
    assert list(made) == ALL
    assert len(set(made.values())) == len(ALL) - 1  # the first fallback is the key itself
    assert all(len(value.strip()) == 48 for value in made.values())


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


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        pytest.param("short-Xk2mQ9v", "too short", id="too short"),
        pytest.param("", "too short", id="empty"),
        pytest.param("abcabcabcabcabcabcabc", "repeats itself", id="few characters"),
        pytest.param("ChangeMe-Xk2mQ9vTz7Lw", "well-known", id="well-known value"),
        pytest.param("my_super_Pass-Word_2026", "well-known", id="well-known word, disguised"),
        pytest.param("Xk2mQ9vTz7Lw\nRb4NcYp8Kd", "line break", id="two lines"),
        pytest.param("Xk2mQ9vTz7LwRb4NcYp8\r\n", "line break", id="Windows line end"),
        pytest.param(" Xk2mQ9vTz7LwRb4NcYp8", "space", id="space in front"),
    ],
)
def test_weak_own_secret_is_refused_before_anything_is_written(
    place: Place, value: str, rule: str
) -> None:
    (place.own / "superuser_password").write_bytes(value.encode())

    result = place.run()

    assert result.returncode == 78
    assert "deploy/secrets/superuser_password" in result.stderr
    assert rule in result.stderr
    assert not value or value not in result.stderr
    assert place.everything() == {}


@pytest.mark.parametrize("value", [GOOD[:31], GOOD + ",x", GOOD + " x"])
def test_signing_key_has_stricter_rules(place: Place, value: str) -> None:
    (place.own / "secret_key").write_text(value)

    assert place.run().returncode == 78


def test_password_of_any_printable_characters_is_taken_over_as_it_is(place: Place) -> None:
    value = """p@ss: w/o%rd'"$(id)`\\ü€#&*"""
    (place.own / "app_blue_password").write_text(value + "\n")

    result = place.run()

    assert result.returncode == 0
    assert place.read("app-blue/password") == value


def test_misspelt_name_is_refused(place: Place) -> None:
    (place.own / "app-blue-password").write_text(GOOD)

    result = place.run()

    assert result.returncode == 78
    assert "app-blue-password is not a secret this stack knows" in result.stderr


@pytest.mark.parametrize("name", ["database_url", "migrate_database_url", "database_ca"])
def test_address_of_an_external_database_beside_our_own_is_refused(place: Place, name: str) -> None:
    (place.own / name).write_text(GOOD)

    result = place.run()

    assert result.returncode == 78
    assert f"deploy/secrets/{name} is for an external database" in result.stderr
    assert "-f deploy/docker-compose.external-db.yml" in result.stderr
    assert place.everything() == {}


def test_external_database_needs_no_secret_but_the_sessions(place: Place) -> None:
    (place.own / "database_url").write_text(GOOD)

    result = place.run(EXTERNAL_DATABASE="true")

    assert result.returncode == 0
    assert list(place.everything()) == ["session/secret_key", "session/secret_key_fallbacks"]


def test_half_of_the_files_of_a_stack_on_an_external_database_is_refused(place: Place) -> None:
    (place.root / "database").mkdir()
    (place.root / "database/url").write_text("postgresql://ana@db.example.com/bills\n")
    before = place.everything()

    result = place.run()

    assert result.returncode == 77
    assert "this stack runs on an external database" in result.stderr
    assert place.everything() == before


def test_changed_superuser_password_lies_beside_the_one_the_server_still_has(place: Place) -> None:
    place.run()
    before = place.read("superuser/password")
    (place.own / "superuser_password").write_text(GOOD)

    place.run()

    assert place.read("superuser/password") == before
    assert place.read("superuser/password.next") == GOOD


def test_changed_signing_key_keeps_the_old_one_for_what_it_has_signed(place: Place) -> None:
    place.run()
    old = place.read("session/secret_key")
    (place.own / "secret_key").write_text(GOOD)

    place.run()

    assert place.read("session/secret_key") == GOOD
    assert place.read("session/secret_key_fallbacks").splitlines()[0] == old


@pytest.mark.parametrize("name", ["migrate", "app-blue", "app-green"])
def test_rotate_changes_that_secret_and_no_other(place: Place, name: str) -> None:
    place.run()
    before = place.everything()

    result = place.run("rotate", name)

    after = place.everything()
    assert result.returncode == 0
    assert {key for key in after if after[key] != before[key]} == {f"{name}/password"}


def test_rotating_the_signing_key_thrice_keeps_the_last_two(place: Place) -> None:
    place.run()
    keys = [place.read("session/secret_key")]
    for _ in range(3):
        place.run("rotate", "session")
        keys.append(place.read("session/secret_key"))

    fallbacks = place.read("session/secret_key_fallbacks").splitlines()

    assert fallbacks == [keys[2], keys[1]]


def test_rotate_leaves_a_brought_secret_alone_and_says_so(place: Place) -> None:
    (place.own / "app_blue_password").write_text(GOOD)
    place.run()

    result = place.run("rotate", "app-blue")

    assert result.returncode == 0
    assert "change that file" in result.stderr
    assert place.read("app-blue/password") == GOOD


@pytest.mark.parametrize(
    ("args", "hint"),
    [
        (("rotate",), "rotate what?"),
        (("rotate", "app-red"), "'app-red' is not"),
        (("rotate", "superuser"), "run --rm bootstrap rotate-superuser"),
        (("remove",), "unknown command 'remove'"),
    ],
)
def test_unknown_wish_is_a_usage_error(place: Place, args: tuple[str, ...], hint: str) -> None:
    result = place.run(*args)

    assert result.returncode == 2
    assert hint in result.stderr


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
