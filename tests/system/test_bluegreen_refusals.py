"""A release that is no good is refused or flipped back, and nobody notices it."""

import pytest

from tests.system import broken_releases
from tests.system.broken_releases import Broken
from tests.system.operator import Operator
from tests.system.users import unserved

# In CI one for each point at which a release can be refused; all of them by `make drill`.
SHORT = (
    broken_releases.CRASHES,
    broken_releases.HEALTH_ONLY,
    broken_releases.FAILS_WITH_USERS,
    broken_releases.FAILING_MIGRATION,
)


@pytest.fixture(scope="module")
def before(operator: Operator) -> dict[str, str]:
    """Have a live release and one that may take over: what must still be there afterwards."""
    if not operator.has_standby():
        operator.deploy_well(operator.derive("good").image)
    return {color: operator.version(color) for color in ("blue", "green")}


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param(broken, marks=() if broken in SHORT else pytest.mark.slow, id=broken.label)
        for broken in broken_releases.ALL
    ],
)
def test_a_release_that_is_no_good_leaves_everything_as_it_was(
    operator: Operator, before: dict[str, str], broken: Broken
) -> None:
    release = operator.derive(broken.label, *broken.changes)
    live, route = operator.live(), operator.route()
    servers = operator.servers()

    with operator.load() as load:
        # Only what is never ready is waited for; the old standby has all the time that it needs.
        patience = ("--ready-seconds", "20") if broken is broken_releases.NEVER_READY else ()
        ended = operator.deploy(release.image, *patience)

    assert (ended.code, ended.answer["cause"]) == (broken.code, broken.cause), ended.stderr
    assert broken.evidence in ended.answer["error"] + ended.answer["evidence"]
    if broken is not broken_releases.FAILS_WITH_USERS:
        assert unserved(load.samples) == []
    assert operator.live() == live
    assert operator.route() == route
    kept = [f"app-{live[0]}", "db", "proxy"]
    if broken is broken_releases.FAILING_MIGRATION:
        kept = list(servers)  # not even the standby was touched
    assert {name: operator.servers()[name] for name in kept} == {n: servers[n] for n in kept}
    assert {color: operator.version(color) for color in ("blue", "green")} == before


def test_up_after_refused_deploys_recreates_nothing(
    operator: Operator, before: dict[str, str]
) -> None:
    servers, route = operator.servers(), operator.route()

    operator.stack.up()

    assert operator.servers() == servers
    assert operator.route() == route
    assert {color: operator.version(color) for color in ("blue", "green")} == before


def test_an_image_of_something_else_is_refused(operator: Operator) -> None:
    ended = operator.deploy(f"{operator.stack.name}-proxy:3.0")

    assert (ended.code, ended.answer["cause"]) == (65, "build_failed")
    assert "is not a release of this application" in ended.answer["error"]


def test_an_image_that_nobody_has_is_named(operator: Operator) -> None:
    ended = operator.deploy("localhost:1/no-such-image:1")

    assert (ended.code, ended.answer["cause"]) == (69, "stack_unavailable")
    assert "localhost:1/no-such-image:1" in ended.answer["error"]
