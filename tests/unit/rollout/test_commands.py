"""What is asked of Docker beside Compose, word by word."""

from deploy.rollout import commands


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
