"""Rollouts that are killed or told to stop: what serves then, and what the next command makes of it."""

import pytest

from deploy.rollout import errors
from deploy.rollout.deploy import deploy
from deploy.rollout.inspect import read_status
from deploy.rollout.rollback import roll_back
from deploy.rollout.runner import Result
from tests.unit.rollout.fake_docker import IMAGE, Behaviour, FakeDocker
from tests.unit.rollout.fake_stack import bring, events, tools


def interrupt(
    docker: FakeDocker, at: str, *, version: str = "v2", how: type[BaseException] = SystemExit
) -> None:
    """Leave what a deploy leaves when it is ended right after something was done."""
    end_at(docker, at, how)
    with pytest.raises(how):
        deploy(tools(docker), bring(docker, version))


def end_at(docker: FakeDocker, at: str, how: type[BaseException]) -> None:
    """Let the tool be ended once, right after something was done."""
    done = docker.run

    def until(command, **options):
        result = done(command, **options)
        if at in " ".join(command):
            docker.run = done  # type: ignore[method-assign]
            raise how
        return result

    docker.run = until  # type: ignore[method-assign]


def break_at(docker: FakeDocker, at: str) -> None:
    """Let a command fail from now on."""
    works = docker.run

    def run(command, **options):
        return Result(1, "", "broken") if at in " ".join(command) else works(command, **options)

    docker.run = run  # type: ignore[method-assign]


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


def test_after_a_kill_amid_a_change_of_the_route_the_process_is_told_it_before_all_else(docker):
    docker.route, docker.behind = "green_none", "blue_green"

    with pytest.raises(errors.MigrationError):
        deploy(tools(docker), bring(docker, "v2", Behaviour(migration=1)))

    assert docker.routes == ["green_none"]
    assert docker.behind == ""


@pytest.mark.parametrize("at", KILLED_AT)
def test_after_a_kill_rollback_brings_the_old_release_back(docker, at):
    interrupt(docker, at)

    roll_back(tools(docker))

    live = docker.route.partition("_")[0]
    assert docker.containers[f"app-{live}"] == "v1"
    assert docker.containers["migrate"] == docker.tags[f"{IMAGE}:migrate"]
    assert read_status(tools(docker)).interrupted is None


@pytest.mark.parametrize("at", KILLED_AT[:-1])
def test_ctrl_c_undoes_a_deploy_wherever_it_is(docker, at):
    interrupt(docker, at, how=KeyboardInterrupt)

    assert docker.route == "blue_green"
    assert set(docker.containers.values()) == {"v1", "other"}
    assert {docker.tags[f"{IMAGE}:{tag}"] for tag in ("blue", "green", "migrate")} == {"v1"}
    assert events(docker)[-1] in {("refused", "v2"), ("flipped back", "v2")}


def test_ctrl_c_after_the_swap_leaves_the_new_release_in_front_of_the_users(docker):
    interrupt(docker, KILLED_AT[-1], how=KeyboardInterrupt)

    assert docker.route == "green_blue"
    assert (docker.containers["app-blue"], docker.containers["app-green"]) == ("v1", "v2")


def test_ctrl_c_undoes_a_rollback_that_has_flipped(docker):
    deploy(tools(docker), bring(docker, "v2"))
    end_at(docker, "get /api/live", KeyboardInterrupt)

    with pytest.raises(KeyboardInterrupt):
        roll_back(tools(docker))

    assert docker.route == "green_blue"
    assert events(docker)[-1] == ("flipped back", "v1")


def test_a_deploy_that_cannot_be_undone_names_both_failures(docker):
    break_at(docker, "set blue_green")

    with pytest.raises(errors.UndoError, match=r"^green says .*; and undoing it failed: "):
        deploy(tools(docker), bring(docker, "v2", Behaviour(smoke=False)))


def test_a_rollback_that_cannot_be_undone_names_both_failures(docker):
    deploy(tools(docker), bring(docker, "v2"))
    break_at(docker, "set green_blue")
    end_at(docker, "get /api/live", KeyboardInterrupt)

    with pytest.raises(errors.UndoError, match=r"^interrupted; and undoing it failed: "):
        roll_back(tools(docker))


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


def test_rollback_never_flips_to_a_release_that_nobody_has_tried(docker):
    deploy(tools(docker), bring(docker, "v2"))
    interrupt(docker, f"image tag {IMAGE}:v3 {IMAGE}:blue", version="v3")
    docker.containers["app-blue"] = "v3"
    docker.down.add("app-green")

    outcome = roll_back(tools(docker))

    assert outcome.version == "v1"
