"""Whole rollouts against a fake engine: what is moved, in which order, and what is put back."""

from contextlib import suppress
from dataclasses import replace

import pytest

from deploy.rollout import compose, errors, lock, swap, waits
from deploy.rollout.deploy import deploy, prune
from deploy.rollout.history import parse_history, unfinished
from deploy.rollout.inspect import read_status
from deploy.rollout.rollback import roll_back
from deploy.rollout.route import Route
from tests.unit.rollout.fake_docker import IMAGE, Behaviour
from tests.unit.rollout.fake_stack import EXTERNAL, STACK, bring, events, tools


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


def test_a_release_that_answers_late_on_a_busy_host_is_one_to_go_back_to(docker):
    docker.late = 2

    deploy(tools(docker), bring(docker, "v2"))

    assert events(docker)[0] == ("adopted", "v1")


def test_a_deploy_replaces_one_shots_and_idle_colour_and_names_what_it_leaves_alone(docker):
    docker.edited = {"db", "proxy", "app-green", "secrets"}

    outcome = deploy(tools(docker), bring(docker, "v2"))

    assert docker.removed == ["migrate", "secrets", "bootstrap", "app-green", "drill-check"]
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
            Behaviour(reached_by_proxy=False),
            errors.NotReadyError,
            ["blue_none", "blue_green"],
            id="not reached",
        ),
        pytest.param(
            Behaviour(errors_with_users=5),
            errors.FlippedBackError,
            ["blue_none", "green_none", "blue_none", "blue_green"],
            id="errors",
        ),
        pytest.param(
            Behaviour(dies_with_users=True),
            errors.FlippedBackError,
            ["blue_none", "green_none", "blue_none", "blue_green"],
            id="death among users",
        ),
        pytest.param(
            Behaviour(answers_users=False),
            errors.FlippedBackError,
            ["blue_none", "green_none", "blue_none", "blue_green"],
            id="silence to users",
        ),
        pytest.param(
            Behaviour(says="v1"),
            errors.NotReadyError,
            ["blue_none", "blue_green"],
            id="another release than its image says",
        ),
    ],
)
def test_a_bad_release_is_undone_from_wherever_it_came_to(
    docker, monkeypatch, behaviour, error, routes
):
    monkeypatch.setattr(swap, "FLIP_SECONDS", 0.0)
    monkeypatch.setattr(waits, "REACHED_SECONDS", 1.0)

    with pytest.raises(error):
        deploy(tools(docker), bring(docker, "v2", behaviour))

    assert docker.routes == routes
    assert docker.route == "blue_green"
    # The old migration ran again, so that its container fits its tag.
    assert docker.migrations == ["v2", "v1"]
    assert {docker.tags[f"{IMAGE}:{tag}"] for tag in ("blue", "green", "migrate")} == {"v1"}
    assert set(docker.containers.values()) == {"v1", "other"}
    assert unfinished(parse_history("\n".join(docker.history))) is None


def test_a_release_is_watched_for_longer_than_the_old_one_has_requests(docker):
    image = bring(docker, "v2", Behaviour(errors_with_users=5, good_looks=10))
    all_tools = tools(docker)

    with pytest.raises(errors.FlippedBackError):
        deploy(replace(all_tools, settings=replace(all_tools.settings, watch_seconds=60)), image)

    assert docker.route == "blue_green"


@pytest.mark.parametrize("command", [lambda t: deploy(t, "v1"), roll_back])
def test_beside_another_rollout_nothing_is_done(docker, monkeypatch, command):
    monkeypatch.setattr(lock, "ACQUIRE_SECONDS", 0.0)
    docker.holds = "import sys; sys.exit('Conflict. The container name is already in use')"

    with pytest.raises(errors.LockedError):
        command(tools(docker))

    assert (docker.routes, docker.migrations, docker.history) == ([], [], [])


@pytest.mark.parametrize("behaviour", [Behaviour(), Behaviour(errors_with_users=5)])
def test_no_colour_is_taken_away_from_under_a_request(docker, behaviour):
    docker.lingering = 5

    with suppress(errors.FlippedBackError):
        deploy(tools(docker), bring(docker, "v2", behaviour))

    assert "app-green" in docker.removed
    assert docker.cut_off == []


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


def test_what_does_not_say_which_release_it_is_gets_nowhere(docker):
    docker.tags["elsewhere:odd"] = "two words"

    with pytest.raises(errors.BuildError, match="not a release of this application"):
        deploy(tools(docker), "elsewhere:odd")

    assert (docker.routes, docker.migrations) == ([], [])


def test_a_proxy_that_keeps_to_its_old_route_is_noticed(docker):
    docker.stuck = "blue_green"

    with pytest.raises(errors.StackUnavailableError, match="was told blue_none"):
        tools(docker).proxy.set_route(Route.parse("blue_none"))


def test_an_image_that_a_container_runs_is_kept_whatever_its_tags(docker):
    for version in ("v2", "v3"):
        deploy(tools(docker), bring(docker, version))
    docker.containers["by-hand"] = "v1"
    all_tools = tools(docker)

    removed = prune(replace(all_tools, settings=replace(all_tools.settings, keep=0)))

    assert removed == []


def test_a_database_that_is_unwell_for_a_moment_stops_no_deploy(docker, monkeypatch):
    monkeypatch.setattr(compose, "PAUSE", 0.0)
    docker.unwell = 2

    assert deploy(tools(docker), bring(docker, "v2")).version == "v2"


def test_a_database_that_stays_unwell_does(docker, monkeypatch):
    monkeypatch.setattr(compose, "PAUSE", 0.0)
    docker.unwell = 5

    with pytest.raises(errors.StackUnavailableError) as caught:
        deploy(tools(docker), bring(docker, "v2"))

    assert "shop-db-1 is unhealthy" in caught.value.evidence
    assert docker.route == "blue_green"
