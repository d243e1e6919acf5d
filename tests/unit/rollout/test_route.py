"""The four routes that there are, and what each says of the colours."""

import pytest

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
