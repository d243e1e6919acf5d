"""What route.pl prints of the proxy, as the tool reads it."""

from pathlib import Path

import pytest

from deploy.rollout.compose import Compose
from deploy.rollout.errors import StackUnavailableError
from deploy.rollout.proxy import Proxy, parse_state
from deploy.rollout.route import Color, Route
from deploy.rollout.runner import Result, Runner


class SilentRunner(Runner):
    """Runs nothing: every command fails."""

    def run(self, command, **_options):
        return Result(1, "", f"{command[0]}: no such container")


def test_disk_and_process_are_told_apart():
    state = parse_state(
        "=== file\nroute green_none\n=== process\n0x55 route blue_green\n\n"
        "=== stat\n=== state\n=== disk\nFilesystem 1024-blocks Used Available Capacity Mounted\n"
        "/dev/vda 1000 400 600 40% /var/lib/hesap\n"
    )

    assert state.on_disk.backend == "green_none"
    assert state.in_process == Route(Color.BLUE, has_spare=True)
    assert (state.disk_free, state.disk_size) == (600 * 1024, 1000 * 1024)


def test_a_proxy_that_does_not_run_has_no_route_in_its_process():
    state = parse_state("=== file\nroute blue_green\n=== process\ndown\n=== stat\n=== state\n")

    assert state.on_disk.backend == "blue_green"
    assert state.in_process is None


def test_without_a_file_blue_serves_as_the_proxy_itself_decides():
    state = parse_state("=== file\n=== process\n\n=== stat\n")

    assert state.on_disk == Route(Color.BLUE)


def test_a_proxy_that_does_not_answer_is_started_with_the_files_that_were_named():
    proxy = Proxy(Compose((Path("/srv/prod.yml"), Path("/srv/own overlay.yml"))), SilentRunner())

    with pytest.raises(StackUnavailableError) as caught:
        proxy.read()

    assert caught.value.hint == (
        "docker compose -f /srv/prod.yml -f '/srv/own overlay.yml' up -d proxy"
    )
