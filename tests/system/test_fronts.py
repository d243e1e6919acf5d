"""Another proxy in front, as OPERATIONS describes it: no request is lost to a connection just closed."""

import re
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.system.fronts import SITES, caddy, nginx, spaced_posts
from tests.system.stack import ROOT, Stack

Front = Callable[[Path, int], AbstractContextManager[int]]

# The longest time that a proxy we know of keeps an idle connection by default: Caddy.
LONGEST = 120
# The first: where a POST in 60 was lost when the stack closed idle connections after 15 s. The others:
# where nginx and Caddy close theirs.
GAPS = (15, *(pytest.param(gap, marks=pytest.mark.slow) for gap in (60, 120)))


@pytest.mark.parametrize("gap", GAPS)
@pytest.mark.parametrize(
    "front",
    [
        pytest.param(caddy, marks=pytest.mark.caddy, id="caddy"),
        pytest.param(nginx, marks=pytest.mark.nginx, id="nginx"),
    ],
)
def test_posts_with_pauses_between_them_are_all_answered(
    stack: Stack, tmp_path: Path, front: Front, gap: int
) -> None:
    with front(tmp_path, stack.port) as port:
        answers = spaced_posts(port, gap)

    assert answers == [401] * SITES


def test_the_stack_keeps_idle_connections_longer_than_a_proxy_in_front_of_it() -> None:
    text = (ROOT / "docker/proxy/haproxy.cfg").read_text(encoding="utf-8")

    [seconds] = re.findall(r"^  timeout http-keep-alive (\d+)s$", text, re.MULTILINE)

    assert int(seconds) > LONGEST + 10
