from pathlib import Path

from deploy.rollout import commands
from deploy.rollout.compose import Compose

COMPOSE = Compose((Path("/srv/app/prod.yml"), Path("/srv/app/own overlay.yml")))
START = (
    *("docker", "compose", "--ansi", "never"),
    *("--file", "/srv/app/prod.yml", "--file", "/srv/app/own overlay.yml"),
)


def test_a_colour_is_started_from_images_that_are_there_and_nothing_else_is_replaced():
    command = COMPOSE.up("app-green")

    assert command == (
        *START,
        *("up", "--detach", "--no-build", "--no-recreate", "app-green"),
    )


def test_containers_are_removed_without_their_volumes():
    assert COMPOSE.remove("migrate", "secrets") == (
        *START,
        *("rm", "--stop", "--force", "migrate", "secrets"),
    )


def test_the_checkout_is_built_under_a_name_from_standard_input():
    assert COMPOSE.build("migrate") == (*START, "--file", "-", "build", "migrate")


def test_a_password_is_rotated_beside_what_runs():
    command = COMPOSE.one_shot("secrets", "rotate", "app-blue")

    assert command == (
        *START,
        *("run", "--rm", "--no-deps", "-T", "secrets", "rotate", "app-blue"),
    )


def test_a_stopped_proxys_volume_is_read_by_another_entrypoint():
    command = COMPOSE.one_shot("proxy", "-", "read", entrypoint="perl")

    assert command == (
        *START,
        *("run", "--rm", "--no-deps", "-T", "--entrypoint", "perl", "proxy", "-", "read"),
    )


def test_a_version_is_read_without_network_rights_or_disk():
    assert commands.read_version("shop:green") == (
        *("docker", "run", "--rm", "--network", "none", "--read-only", "--cap-drop", "ALL"),
        *("--memory", "128m", "--entrypoint", "cat", "shop:green", "/app/VERSION"),
    )


def test_the_lock_is_a_named_container_that_ends_with_its_standard_input():
    command = commands.hold_lock("shop-rollout-lock", "shop-proxy:3.0", {"holder": "deploy by a@b"})

    assert command[:6] == ("docker", "run", "--rm", "--interactive", "--name", "shop-rollout-lock")
    assert command[6:8] == ("--label", "holder=deploy by a@b")
    assert command[-4:] == ("sh", "shop-proxy:3.0", "-c", "echo held && cat")


def test_an_ended_lock_is_removed_without_force():
    assert "--force" not in commands.remove_ended("shop-rollout-lock")
