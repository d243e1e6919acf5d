"""What `status` says is wrong, each with a next step, and how its screen looks."""

from dataclasses import replace
from typing import Any

import pytest

from deploy.rollout.advice import advise
from deploy.rollout.history import Record
from deploy.rollout.route import Color
from deploy.rollout.status import ColorStatus, StatusReport, render_status

SCHEMA = {"state": "ok", "expand_level": 3, "contract_level": 0}
BLUE = ColorStatus(
    *(Color.BLUE, "live", "running", "1.1.0-aaaaaaaaaa", True, "", SCHEMA),
    *("UP", 4, 0, 0, "2026-11-22T09:00:00Z"),
)
GREEN = replace(BLUE, color=Color.GREEN, role="standby", version="1.0.0-bbbbbbbbbb", in_flight=0)
WELL = StatusReport(
    stack="shop",
    address="http://127.0.0.1:8080",
    route="blue_green",
    route_in_process="blue_green",
    colors=[BLUE, GREEN],
    services={
        "db": "healthy",
        "proxy": "healthy",
        "backup": "healthy",
        "drill-check": "running",
        "migrate": "exited 0",
        "secrets": "exited 0",
    },
    disk_free=50 * 1024**3,
    disk_size=100 * 1024**3,
    lock="",
    interrupted=None,
    history=[],
)
DOWN: dict[str, Any] = {
    "ready": False,
    "reason": "its container does not run",
    "state": "exited",
    "proxy_check": "DOWN",
}
CUT = Record("id", "started", "deploy", "1.2.0-cccccccccc", "green", "1.1.0-aaaaaaaaaa")


def test_a_stack_that_is_well_needs_nothing():
    advice = advise(WELL)

    assert (advice.serving, advice.well, advice.lines) == (True, True, ("nothing to do",))


@pytest.mark.parametrize(
    ("changes", "serving", "words"),
    [
        pytest.param(
            {"colors": [replace(BLUE, **DOWN), GREEN]},
            True,
            "the standby serves; `python deploy/bluegreen.py rollback` makes it live",
            id="live colour down, standby up",
        ),
        pytest.param(
            # As after a restore to before its migration: it answers, and says that it is not ready.
            {"colors": [replace(BLUE, ready=False, reason="the schema is behind"), GREEN]},
            False,
            "the other colour is ready; `python deploy/bluegreen.py rollback` makes it live",
            id="live colour up and not ready, standby ready",
        ),
        pytest.param(
            {"colors": [replace(BLUE, **DOWN), replace(GREEN, **DOWN)]},
            False,
            "`docker compose up -d app-blue`",
            id="both down",
        ),
        pytest.param(
            {"colors": [BLUE, replace(GREEN, **DOWN)]},
            True,
            "nobody takes over if blue dies",
            id="no standby",
        ),
        pytest.param(
            {"colors": [BLUE, replace(GREEN, role="idle")]},
            True,
            "not approved to take over",
            id="standby not approved",
        ),
        pytest.param(
            {"colors": [replace(BLUE, restarts=4), GREEN]},
            True,
            "blue has restarted 4 times",
            id="restarting",
        ),
        pytest.param(
            {"services": {**WELL.services, "proxy": "exited 1"}},
            False,
            "proxy is exited 1",
            id="proxy down",
        ),
        pytest.param(
            {"services": {**WELL.services, "db": "unhealthy"}},
            True,
            "`docker compose logs db`",
            id="database unwell",
        ),
        pytest.param(
            {"services": {**WELL.services, "backup": "unhealthy"}},
            True,
            "backup is unhealthy: `docker compose run --rm backup status` says what to do",
            id="backups unwell",
        ),
        pytest.param(
            {"services": {k: v for k, v in WELL.services.items() if k != "drill-check"}},
            True,
            "drill-check is missing, and without it every drill of a backup fails:"
            " `docker compose up -d drill-check`",
            id="nobody to look at a drill",
        ),
        pytest.param(
            {"services": {**WELL.services, "migrate": "exited 1"}},
            True,
            "`python deploy/bluegreen.py rollback` brings the last good release back",
            id="migration failed",
        ),
        pytest.param(
            {"interrupted": CUT},
            True,
            "the deploy of 1.2.0-cccccccccc was interrupted after `started`",
            id="interrupted",
        ),
        pytest.param({"lock": "deploy by ana@server"}, True, "wait: deploy by ana", id="locked"),
        pytest.param(
            {"disk_free": 1024**3},
            True,
            "only 1.0 GB of disk are free: `docker system df`, then `docker builder prune`;",
            id="disk full",
        ),
        pytest.param(
            {"route_in_process": "green_none"},
            True,
            "its file says blue_green",
            id="process and disk disagree",
        ),
    ],
)
def test_each_trouble_comes_with_a_next_step(changes, serving, words):
    advice = advise(replace(WELL, **changes))

    assert advice.serving is serving
    assert not advice.well
    assert words in " ".join(advice.lines)


def test_an_external_database_is_no_server_of_ours():
    services = {name: state for name, state in WELL.services.items() if name != "db"}
    unwell = replace(BLUE, **DOWN | {"reason": "the database does not answer within 1 s"})

    well = advise(replace(WELL, services=services, external_database=True))
    ill = advise(replace(WELL, colors=[unwell, GREEN], services=services, external_database=True))

    assert well.lines == ("nothing to do",)
    assert "look at the database first" in ill.lines[0]


def test_the_screen_fits_a_screen_and_names_what_matters():
    status = replace(WELL, interrupted=CUT, history=[CUT])

    screen = render_status(replace(status, advice=advise(status)))

    assert len(screen.splitlines()) <= 24
    for fact in (
        "users are served",
        "blue   LIVE",
        "green  standby",
        "1.0.0-bbbbbbbbbb",
        "4 in flight",
    ):
        assert fact in screen
    assert "expand 3, contract 0" in screen
    assert "50 GB of 100 GB free" in screen
