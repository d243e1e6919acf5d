"""What follows from the history: what was cut off, and which releases are good."""

import getpass
import json
import platform

import pytest

from deploy.rollout.history import (
    Record,
    begin,
    good_releases,
    own_releases,
    parse_history,
    rolled_back,
    unfinished,
)


def record(event: str, version: str, *, kind: str = "deploy", previous: str = "v0") -> Record:
    return Record(f"id-{version}", event, kind, version, "green", previous)


def test_a_line_that_a_crash_cut_off_is_passed_over():
    whole = json.dumps(record("finished", "v1").as_dict())

    assert parse_history(f'{whole}\n{{"rollout": "id-v2", "ev') == [record("finished", "v1")]


@pytest.mark.parametrize("event", ["started", "flipped"])
def test_a_rollout_without_an_ending_was_interrupted(event):
    history = [record("finished", "v1"), record(event, "v2")]

    assert unfinished(history) == record(event, "v2")


@pytest.mark.parametrize("event", ["finished", "refused", "flipped back", "undone", "adopted"])
def test_a_rollout_with_an_ending_was_not(event):
    assert unfinished([record("started", "v2"), record(event, "v2")]) is None


def test_nothing_is_unfinished_where_nothing_was_begun():
    assert unfinished([]) is None


def test_releases_that_served_are_good_newest_first_and_each_once():
    history = [
        record("adopted", "v1", kind="up"),
        record("finished", "v2"),
        record("refused", "v3"),
        record("finished", "v1"),
    ]

    assert good_releases(history) == ["v1", "v2"]


def test_a_release_that_was_rolled_back_is_not_good_until_it_is_deployed_again():
    history = [
        record("finished", "v1"),
        record("finished", "v2", previous="v1"),
        record("finished", "v1", kind="rollback", previous="v2"),
    ]

    assert good_releases(history) == ["v1"]
    assert rolled_back(history) == {"v2"}
    assert rolled_back([*history, record("finished", "v2")]) == set()


def test_a_record_survives_being_written_and_read():
    started = begin("deploy", version="v2", color="green", previous="v1")
    ended = started.now("refused", cause="crashed", seconds=12.345)

    assert parse_history(json.dumps(ended.as_dict())) == [ended]
    assert (ended.rollout, ended.cause, ended.seconds) == (started.rollout, "crashed", 12.3)
    assert ended.by


def test_a_release_that_was_refused_is_the_tools_own_too():
    assert own_releases([record("finished", "v1"), record("refused", "v2")]) == {"v1", "v2"}


@pytest.mark.parametrize("error", [KeyError("uid not found"), OSError("no username set")])
def test_who_has_no_name_on_this_machine_may_deploy_too(monkeypatch, error):
    def nameless():
        raise error

    monkeypatch.setattr(getpass, "getuser", nameless)

    started = begin("deploy", version="v2", color="green", previous="v1")

    assert started.by == f"somebody@{platform.node()}"
