"""The way back to the release before, and what may stand by afterwards."""

import pytest

from deploy.rollout import errors
from deploy.rollout.deploy import deploy
from deploy.rollout.rollback import roll_back
from tests.unit.rollout.fake_docker import IMAGE, Behaviour
from tests.unit.rollout.fake_stack import NAMES, bring, events, notes, tools


def test_rollback_flips_to_the_standby_and_leaves_what_was_bad_without_approval(docker):
    deploy(tools(docker), bring(docker, "v2"))

    outcome = roll_back(tools(docker))

    assert (outcome.result, outcome.live, outcome.version) == ("rolled back", "blue", "v1")
    assert docker.route == "blue_none"
    assert docker.containers["app-green"] == "v2"


def test_after_a_rollback_the_next_up_migrates_with_the_release_that_serves(docker):
    deploy(tools(docker), bring(docker, "v2"))

    roll_back(tools(docker))

    # Run too: a container that does not fit its tag would be replaced, and all that depend on it.
    assert docker.tags[f"{IMAGE}:migrate"] == docker.containers["migrate"] == "v1"
    assert docker.migrations == ["v2", "v1"]


def test_a_rollback_stands_though_the_migration_cannot_be_taken_back(docker):
    deploy(tools(docker), bring(docker, "v2"))
    docker.behaviours["v1"] = Behaviour(migration=69)
    used = tools(docker)

    outcome = roll_back(used)

    assert (outcome.result, outcome.version) == ("rolled back", "v1")
    assert events(docker)[-1] == ("finished", "v1")
    assert docker.tags[f"{IMAGE}:migrate"] == "v1"
    assert "the next `up` runs it once more" in notes(used)


def test_what_was_rolled_back_does_not_stand_by_where_nobody_else_did(docker):
    deploy(tools(docker), bring(docker, "v2"))
    docker.down.add("app-blue")

    outcome = roll_back(tools(docker))

    assert (outcome.live, outcome.version) == ("blue", "v1")
    assert docker.route == "blue_none"


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
