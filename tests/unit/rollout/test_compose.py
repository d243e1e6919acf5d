"""What is asked of Compose, word by word."""

from pathlib import Path

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
