import pytest

from deploy.rollout.proxy import parse_state
from deploy.rollout.route import Color, Route


@pytest.mark.parametrize("backend", ["blue_none", "green_none", "blue_green", "green_blue"])
def test_each_backend_of_the_proxy_is_one_route(backend):
    assert Route.parse(backend).backend == backend


@pytest.mark.parametrize(
    "backend", ["", "blue", "blue_blue", "none_blue", "BLUE_none", "blue_none\n"]
)
def test_nothing_else_is_a_route(backend):
    with pytest.raises(ValueError, match="is not one of"):
        Route.parse(backend)


def test_the_idle_colour_is_the_one_that_is_not_live():
    route = Route.parse("green_blue")

    assert (route.live, route.idle, route.has_spare) == (Color.GREEN, Color.BLUE, True)
    assert route.idle.service == "app-blue"


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
