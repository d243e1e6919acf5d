"""The Blueprint fits Render's format, our settings, our image and itself."""

import runpy
from collections.abc import Callable
from copy import deepcopy
from pathlib import PurePosixPath
from typing import Any

import pytest
from ruamel.yaml import YAML

from backend.app import create_app
from backend.config.settings import load_settings
from backend.db.capacity import connections_wanted
from tests.repo.blueprint import (
    Blueprint,
    environment,
    guide_says,
    load_blueprint,
    mistakes,
)
from tests.repo.checkout import ROOT, read
from tests.repo.test_environment_variables import asked_for

# What Render's smallest Postgres gives, less what it keeps for itself.
LEAST_CONNECTIONS = 90


@pytest.fixture
def blueprint() -> Blueprint:
    return load_blueprint()


@pytest.fixture
def web(blueprint: Blueprint) -> dict[str, Any]:
    [service] = blueprint["services"]
    found: dict[str, Any] = service
    return found


def test_the_format_is_right(blueprint: Blueprint) -> None:
    assert mistakes(blueprint) == []


def database(**changes: object) -> Callable[[Blueprint], None]:
    return lambda blueprint: blueprint["databases"][0].update(changes)


def service(**changes: object) -> Callable[[Blueprint], None]:
    return lambda blueprint: blueprint["services"][0].update(changes)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        pytest.param(database(readReplicas=[]), "readReplicas", id="replicas destroyed"),
        pytest.param(database(ipAllowlist=[]), "ipAllowlist", id="misspelt key"),
        pytest.param(lambda b: b["databases"][0].pop("ipAllowList"), "ipAllowList", id="open to all"),
        pytest.param(database(ipAllowList=[{"source": "203.0.113.7"}]), "203.0.113.7", id="no network"),
        pytest.param(database(plan="starter"), "starter", id="plan of former times"),
        pytest.param(database(region="paris"), "paris", id="no such region"),
        pytest.param(service(plan="free"), "preDeployCommand", id="free, with a pre-deploy command"),
        pytest.param(service(startCommand="gunicorn"), "startCommand", id="not for Docker"),
        pytest.param(service(maxShutdownDelaySeconds=600), "600", id="too patient"),
        pytest.param(service(envVars=[{"key": "WEB_WORKERS", "value": 2}]), "2", id="number for a text"),
        pytest.param(service(envVars=[{"key": "SECRET_KEY"}]), "SECRET_KEY", id="variable without a value"),
    ],
)  # fmt: skip
def test_a_mistake_is_found(
    blueprint: Blueprint, change: Callable[[Blueprint], None], said: str
) -> None:
    wrong = deepcopy(blueprint)
    change(wrong)

    assert said in " ".join(mistakes(wrong))


def test_what_the_guide_shows_for_a_free_instance_is_right(
    blueprint: Blueprint, web: dict[str, Any]
) -> None:
    for key in ("preDeployCommand", "maxShutdownDelaySeconds"):
        del web[key]
    web |= {"plan": "free", **guide_says("On a free instance")}
    blueprint["databases"][0]["plan"] = "free"

    assert "dockerCommand" in web
    assert mistakes(blueprint) == []


def test_what_the_guide_shows_to_let_an_address_in_is_right(blueprint: Blueprint) -> None:
    blueprint["databases"][0] |= guide_says("Who may reach the database")

    assert blueprint["databases"][0]["ipAllowList"] != []
    assert mistakes(blueprint) == []


def test_the_database_that_is_named_is_there_and_near(
    blueprint: Blueprint, web: dict[str, Any]
) -> None:
    regions = {database["name"]: database["region"] for database in blueprint["databases"]}
    named = [v["fromDatabase"]["name"] for v in web["envVars"] if "fromDatabase" in v]

    assert [regions[name] for name in named] == [web["region"]]


def test_every_variable_is_a_setting_and_no_secret_is_written_down(web: dict[str, Any]) -> None:
    secrets = {name.removesuffix("_FILE") for name in asked_for() if name.endswith("_FILE")}
    keys = {variable["key"] for variable in web["envVars"]}
    written = {variable["key"] for variable in web["envVars"] if "value" in variable}

    assert keys - asked_for() == set()
    assert written & secrets == set()


def test_the_settings_are_accepted_and_browsers_come_by_https(blueprint: Blueprint) -> None:
    settings = load_settings(environment(blueprint))

    assert str(settings.database) == "postgresql://hesap_paylas@dpg-abc0123-a:5432/hesap_paylas"
    assert settings.migrate_database == settings.database
    assert settings.public_url == "https://hesap-paylas.onrender.com"
    assert (settings.secure_cookies, settings.behind_proxy, settings.port) == (True, True, 10000)


def test_an_old_and_a_new_instance_fit_the_smallest_database(blueprint: Blueprint) -> None:
    settings = load_settings(environment(blueprint))

    wanted = connections_wanted(workers=settings.workers, threads=settings.threads)

    assert wanted <= LEAST_CONNECTIONS


def test_the_health_check_is_a_page_of_the_app(blueprint: Blueprint, web: dict[str, Any]) -> None:
    app = create_app(load_settings(environment(blueprint)))

    assert web["healthCheckPath"] in {rule.rule for rule in app.url_map.iter_rules()}


def test_the_migration_is_the_one_that_the_stack_runs(web: dict[str, Any]) -> None:
    compose = YAML(typ="safe", pure=True).load(read("deploy/docker-compose.prod.pg.yml"))

    assert web["preDeployCommand"].split() == compose["services"]["migrate"]["command"]


def test_the_image_is_built_from_what_is_here(web: dict[str, Any]) -> None:
    context = ROOT / web["dockerContext"]
    named = [PurePosixPath(word) for word in web["preDeployCommand"].split() if "/app/" in word]

    assert (ROOT / web["dockerfilePath"]).is_file()
    # The Dockerfile copies `backend` to /app/backend.
    assert named
    assert [p for p in named if not (context / str(p).partition("/app/")[2]).exists()] == []


def test_a_request_that_was_begun_can_end(
    web: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SECRET_KEY", "invented-for-this-test-0123456789")
    gunicorn = runpy.run_path(str(ROOT / "docker/app/gunicorn.conf.py"))

    assert web["maxShutdownDelaySeconds"] > gunicorn["graceful_timeout"]
