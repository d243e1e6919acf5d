"""Whole rollouts against a fake engine: what is moved, in which order, and what is put back."""

import io
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.rollout import errors, starting, waiting, watching
from deploy.rollout.colors import Colors
from deploy.rollout.commands import Compose
from deploy.rollout.deploying import deploy
from deploy.rollout.history import parse_history, unfinished
from deploy.rollout.images import Images
from deploy.rollout.proxy import Proxy
from deploy.rollout.rolling_back import roll_back
from deploy.rollout.settings import Settings
from deploy.rollout.stack import Stack
from deploy.rollout.status import read_status
from deploy.rollout.story import Story
from deploy.rollout.toolbox import Toolbox
from tests.unit.rollout.fake_docker import IMAGE, Behaviour, FakeDocker

NAMES = {"app-blue": "blue", "app-green": "green", "migrate": "migrate"}
STACK = Stack(
    "shop",
    {service: f"{IMAGE}:{tag}" for service, tag in NAMES.items()}
    | {"proxy": "shop-proxy:3.0", "db": "shop-db:17", "secrets": "shop-db:17", "bootstrap": "b"},
    "http://127.0.0.1:8080",
)

EXTERNAL = replace(STACK, external=True)


@pytest.fixture
def docker(monkeypatch: pytest.MonkeyPatch) -> FakeDocker:
    monkeypatch.setattr(waiting, "INTERVAL", 0.0)
    monkeypatch.setattr(watching, "INTERVAL", 0.0)
    return FakeDocker.with_release("v1")


def tools(docker: FakeDocker, stack: Stack = STACK) -> Toolbox:
    compose = Compose((Path("prod.yml"),))
    return Toolbox(
        settings=Settings(ready_seconds=0.05, watch_seconds=0.02, drain_seconds=1),
        stack=stack,
        compose=compose,
        runner=docker,
        proxy=Proxy(compose, docker),
        images=Images(compose, docker, stack),
        colors=Colors(compose, docker, stack),
        story=Story(io.StringIO()),
    )


def bring(docker: FakeDocker, version: str, behaviour: Behaviour | None = None) -> str:
    """Have an image of a release on the engine; return its name."""
    docker.tags[f"elsewhere:{version}"] = version
    docker.behaviours[version] = behaviour or Behaviour()
    return f"elsewhere:{version}"


def events(docker: FakeDocker) -> list[tuple[str, str]]:
    return [(r.event, r.version) for r in parse_history("\n".join(docker.history))]


def test_a_deploy_takes_the_spare_away_before_it_touches_it_and_approves_it_last(docker):
    outcome = deploy(tools(docker), bring(docker, "v2"))

    assert (outcome.result, outcome.live, outcome.version) == ("deployed", "green", "v2")
    assert docker.routes == ["blue_none", "green_none", "green_blue"]
    assert docker.migrations == ["v2"]
    assert docker.rotated == ["app-green"]
    assert (docker.containers["app-blue"], docker.containers["app-green"]) == ("v1", "v2")
    assert events(docker) == [
        ("adopted", "v1"),
        ("started", "v2"),
        ("flipped", "v2"),
        ("finished", "v2"),
    ]


def test_a_deploy_replaces_one_shots_and_idle_colour_and_names_what_it_leaves_alone(docker):
    docker.edited = {"db", "proxy", "app-green", "secrets"}

    outcome = deploy(tools(docker), bring(docker, "v2"))

    assert docker.removed == ["migrate", "secrets", "bootstrap", "app-green"]
    assert [(one.service, one.command.partition(" up ")[2]) for one in outcome.left_alone] == [
        ("db", "--detach --no-deps secrets db"),
        ("proxy", "--detach --no-deps proxy"),
    ]


def test_a_server_of_an_older_image_than_its_name_stands_for_is_named(docker):
    docker.tags["shop-db:17"] = "newer"

    outcome = deploy(tools(docker), bring(docker, "v2"))

    assert [one.service for one in outcome.left_alone] == ["db"]


def test_status_tells_what_is_described_otherwise_and_finds_nothing_wrong_with_it(docker):
    docker.edited = {"db", "app-blue"}

    status = read_status(tools(docker))

    assert [one.service for one in status.differences] == ["db", "app-blue"]
    assert status.advice.well
    assert "the next deploy replaces it" in status.differences[1].sentence


def test_on_an_external_database_no_password_is_made(docker):
    docker.external = True

    outcome = deploy(tools(docker, EXTERNAL), bring(docker, "v2"))

    assert (outcome.result, outcome.live) == ("deployed", "green")
    assert docker.rotated == []


@pytest.mark.parametrize("command", [lambda t: deploy(t, "v1"), roll_back, read_status])
@pytest.mark.parametrize(("runs_on_external", "stack"), [(True, STACK), (False, EXTERNAL)])
def test_files_for_another_database_are_refused_before_anything_has_changed(
    docker, command, runs_on_external, stack
):
    docker.external = runs_on_external

    with pytest.raises(errors.UnsafeError, match="these compose files are for"):
        command(tools(docker, stack))

    assert (docker.routes, docker.migrations, docker.history) == ([], [], [])


def test_the_checkout_is_built_without_touching_a_tag_that_runs(docker):
    deploy(tools(docker), "")

    assert docker.tags[f"{IMAGE}:built"] == "built"
    assert f"{IMAGE}:candidate" not in docker.tags


@pytest.mark.parametrize(
    ("behaviour", "error", "routes"),
    [
        pytest.param(Behaviour(migration=1), errors.MigrationError, [], id="migration"),
        pytest.param(
            Behaviour(crashes=True), errors.CrashedError, ["blue_none", "blue_green"], id="crash"
        ),
        pytest.param(
            Behaviour(ready=False), errors.NotReadyError, ["blue_none", "blue_green"], id="unready"
        ),
        pytest.param(
            Behaviour(schema="behind"),
            errors.WrongSchemaError,
            ["blue_none", "blue_green"],
            id="schema",
        ),
        pytest.param(
            Behaviour(smoke=False), errors.SmokeTestError, ["blue_none", "blue_green"], id="smoke"
        ),
        pytest.param(
            Behaviour(errors_with_users=5),
            errors.FlippedBackError,
            ["blue_none", "green_none", "blue_none", "blue_green"],
            id="errors",
        ),
    ],
)
def test_a_bad_release_is_undone_from_wherever_it_came_to(docker, behaviour, error, routes):
    with pytest.raises(error):
        deploy(tools(docker), bring(docker, "v2", behaviour))

    assert docker.routes == routes
    assert docker.route == "blue_green"
    # The old migration ran again, so that its container fits its tag.
    assert docker.migrations == ["v2", "v1"]
    assert {docker.tags[f"{IMAGE}:{tag}"] for tag in ("blue", "green", "migrate")} == {"v1"}
    assert set(docker.containers.values()) == {"v1", "other"}
    assert unfinished(parse_history("\n".join(docker.history))) is None


def test_an_old_release_that_cannot_work_any_more_does_not_stand_by(docker):
    docker.behaviours["v1"] = Behaviour(schema="contracted")

    deploy(tools(docker), bring(docker, "v2"))

    assert docker.route == "green_none"


def test_when_the_standby_has_taken_over_it_is_not_the_one_that_is_replaced(docker):
    docker.down.add("app-blue")

    outcome = deploy(tools(docker), bring(docker, "v2"))

    assert outcome.live == "blue"
    assert docker.routes[0] == "green_none"
    assert docker.containers["app-green"] == "v1"


def test_a_database_that_is_unwell_for_a_moment_stops_no_deploy(docker, monkeypatch):
    monkeypatch.setattr(starting, "PAUSE", 0.0)
    docker.unwell = 2

    assert deploy(tools(docker), bring(docker, "v2")).version == "v2"


def test_a_database_that_stays_unwell_does(docker, monkeypatch):
    monkeypatch.setattr(starting, "PAUSE", 0.0)
    docker.unwell = 5

    with pytest.raises(errors.StackUnavailableError) as caught:
        deploy(tools(docker), bring(docker, "v2"))

    assert "shop-db-1 is unhealthy" in caught.value.evidence
    assert docker.route == "blue_green"


def test_rollback_flips_to_the_standby_and_leaves_what_was_bad_without_approval(docker):
    deploy(tools(docker), bring(docker, "v2"))

    outcome = roll_back(tools(docker))

    assert (outcome.result, outcome.live, outcome.version) == ("rolled back", "blue", "v1")
    assert docker.route == "blue_none"
    assert docker.containers["app-green"] == "v2"


def test_a_second_rollback_does_not_go_forward_again(docker):
    deploy(tools(docker), bring(docker, "v2"))
    deploy(tools(docker), bring(docker, "v3"))
    roll_back(tools(docker))

    outcome = roll_back(tools(docker))

    assert outcome.version == "v1"
    with pytest.raises(errors.UnsafeError, match="v1 is the only good one known"):
        roll_back(tools(docker))


def test_a_refused_deploy_does_not_approve_what_was_rolled_back_before(docker):
    deploy(tools(docker), bring(docker, "v2"))
    roll_back(tools(docker))

    with pytest.raises(errors.SmokeTestError):
        deploy(tools(docker), bring(docker, "v3", Behaviour(smoke=False)))

    assert docker.containers["app-green"] == "v2"
    assert docker.route == "blue_none"


def test_rollback_never_flips_to_a_release_that_nobody_has_tried(docker):
    deploy(tools(docker), bring(docker, "v2"))
    interrupt(docker, f"image tag {IMAGE}:v3 {IMAGE}:blue", version="v3")
    docker.containers["app-blue"] = "v3"
    docker.down.add("app-green")

    outcome = roll_back(tools(docker))

    assert outcome.version == "v1"


def test_rollback_refuses_a_release_that_the_schema_has_left_behind(docker):
    deploy(tools(docker), bring(docker, "v2"))
    docker.behaviours["v1"] = Behaviour(schema="contracted")

    with pytest.raises(errors.UnsafeError, match="v1 cannot work any more"):
        roll_back(tools(docker))

    assert docker.route == "green_blue"


def test_rollback_deploys_the_last_good_release_when_a_build_broke_both_colours(docker):
    deploy(tools(docker), bring(docker, "v2"))
    for service, tag in NAMES.items():
        docker.tags[f"{IMAGE}:{tag}"] = docker.containers[service] = "broken"
    docker.behaviours["broken"] = Behaviour(migration=1, crashes=True)

    outcome = roll_back(tools(docker))

    assert outcome.version == "v2"
    assert set(docker.containers.values()) == {"v2", "other"}
    assert docker.route == "blue_green"


def interrupt(docker: FakeDocker, at: str, *, version: str = "v2") -> None:
    """Leave what a deploy leaves when it is killed right after something was done."""
    done = docker.run

    def until(command, **options):
        result = done(command, **options)
        if at in " ".join(command):
            docker.run = done  # type: ignore[method-assign]
            raise SystemExit("killed")
        return result

    docker.run = until  # type: ignore[method-assign]
    with pytest.raises(SystemExit):
        deploy(tools(docker), bring(docker, version))


KILLED_AT = (
    *(f"image tag {IMAGE}:v2 {IMAGE}:migrate", "wait migrate", "set blue_none"),
    *("rm --stop --force migrate", "rm --stop --force app-green"),
    *("secrets rotate app-green", f"image tag {IMAGE}:v2 {IMAGE}:green", "up --detach"),
    *("set green_none", "get /api/live", "set green_blue"),
)


@pytest.mark.parametrize("at", KILLED_AT)
def test_after_a_kill_one_tried_release_is_live_and_status_tells(docker, at):
    interrupt(docker, at)

    status = read_status(tools(docker))

    assert docker.route in {"blue_green", "blue_none", "green_none", "green_blue"}
    assert docker.containers[f"app-{docker.route.partition('_')[0]}"] in {"v1", "v2"}
    assert status.interrupted is not None
    assert "the deploy of v2 was interrupted" in " ".join(status.advice.lines)


@pytest.mark.parametrize("at", KILLED_AT)
def test_after_a_kill_the_next_deploy_goes_on(docker, at):
    interrupt(docker, at)

    outcome = deploy(tools(docker), bring(docker, "v3"))

    assert outcome.version == "v3"
    assert docker.containers[f"app-{outcome.live}"] == "v3"
    assert docker.route.startswith(outcome.live)
    assert not docker.route.endswith("_none")
    assert read_status(tools(docker)).interrupted is None


@pytest.mark.parametrize("at", KILLED_AT)
def test_after_a_kill_rollback_brings_the_old_release_back(docker, at):
    interrupt(docker, at)

    roll_back(tools(docker))

    live = docker.route.partition("_")[0]
    assert docker.containers[f"app-{live}"] == "v1"
    assert docker.containers["migrate"] == docker.tags[f"{IMAGE}:migrate"]
    assert read_status(tools(docker)).interrupted is None


def test_after_a_kill_a_deploy_that_is_refused_early_still_clears_up_what_was_left(docker):
    interrupt(docker, "up --detach --no-build --no-recreate app-green")

    with pytest.raises(errors.MigrationError):
        deploy(tools(docker), bring(docker, "v3", Behaviour(migration=1)))

    assert docker.containers["app-green"] == "v1"
    assert docker.route == "blue_green"


def test_after_a_kill_a_build_that_fails_leaves_it_in_the_books(docker):
    interrupt(docker, "secrets rotate app-green")

    with pytest.raises(errors.RolloutError):
        deploy(tools(docker), "no-such-image")

    assert read_status(tools(docker)).interrupted is not None
