"""The drills of the backups are looked at by the release that serves, after whatever rollout."""

import pytest

from deploy.rollout import drill_check, errors
from deploy.rollout.deploy import deploy
from deploy.rollout.inspect import read_status
from deploy.rollout.rollback import roll_back
from tests.unit.rollout.fake_docker import IMAGE, Behaviour
from tests.unit.rollout.fake_stack import EXTERNAL, bring, events, notes, tools


def test_a_deploy_gives_the_drills_its_release_when_everything_else_is_done(docker):
    deploy(tools(docker), bring(docker, "v2"))

    assert docker.containers["drill-check"] == "v2"
    assert docker.removed[-1] == "drill-check"
    assert [one.service for one in read_status(tools(docker)).differences] == []


def test_a_rollback_takes_them_back_too(docker):
    deploy(tools(docker), bring(docker, "v2"))

    roll_back(tools(docker))

    assert docker.containers["drill-check"] == "v1"


def test_a_rollback_that_has_to_deploy_again_does_as_well(docker):
    deploy(tools(docker), bring(docker, "v2"))
    docker.down.add("app-blue")

    roll_back(tools(docker))

    assert docker.containers["drill-check"] == "v1"


def test_a_release_that_was_refused_looks_at_nothing(docker):
    with pytest.raises(errors.SmokeTestError):
        deploy(tools(docker), bring(docker, "v2", Behaviour(smoke=False)))

    assert docker.containers["drill-check"] == "v1"
    assert "drill-check" not in docker.removed


def test_a_stack_without_backups_is_given_none(docker):
    del docker.containers["drill-check"], docker.containers["backup"]

    deploy(tools(docker), bring(docker, "v2"))

    assert "drill-check" not in docker.containers


def test_on_an_external_database_it_is_brought_back_too(docker):
    docker.external = True
    del docker.containers["drill-check"]

    deploy(tools(docker, EXTERNAL), bring(docker, "v2"))

    assert docker.containers["drill-check"] == "v2"


def test_what_a_killed_deploy_has_taken_away_is_brought_back_by_the_next(docker):
    del docker.containers["drill-check"]

    deploy(tools(docker), bring(docker, "v2"))

    assert docker.containers["drill-check"] == "v2"


def test_a_deploy_stands_though_it_cannot_be_replaced(docker):
    docker.refused.add("drill-check")
    used = tools(docker)

    outcome = deploy(used, bring(docker, "v2"))

    assert (outcome.result, outcome.version) == ("deployed", "v2")
    assert events(docker)[-1] == ("finished", "v2")
    said = notes(used)
    assert "drill-check cannot be made" in said
    assert "up --detach --no-deps drill-check" in said


def test_a_deploy_stands_though_nobody_can_tell_whether_it_is_to_be_replaced(docker, monkeypatch):
    def too_late(*_):
        raise errors.CommandTimeoutError("`docker compose config --hash` did not end within 60 s")

    monkeypatch.setattr(drill_check, "find_differences", too_late)
    used = tools(docker)

    outcome = deploy(used, bring(docker, "v2"))

    assert (outcome.result, outcome.version) == ("deployed", "v2")
    assert "did not end within 60 s; what serves is well" in notes(used)


def test_one_that_was_left_behind_is_told_with_what_comes_later(docker):
    docker.tags[f"{IMAGE}:migrate"] = "v2"

    status = read_status(tools(docker))

    told = {one.service: one.sentence for one in status.differences}
    assert "the next deploy replaces it" in told["drill-check"]
