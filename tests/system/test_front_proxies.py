"""Another proxy in front, as OPERATIONS describes it: no request is lost to a connection just closed."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from tests.system.front_proxies import SITES, caddy, nginx, spaced_posts
from tests.system.stack import ROOT, Stack

FRONTS = {"caddy": caddy, "nginx": nginx}
# The longest time that a proxy we know of keeps an idle connection by default: Caddy.
LONGEST = 120
# The first: where a POST in 60 was lost when the stack closed idle connections after 15 s. The others:
# where nginx and Caddy close theirs.
GAPS = (15, *(pytest.param(gap, marks=pytest.mark.slow) for gap in (60, 120)))


@pytest.mark.caddy
@pytest.mark.nginx
@pytest.mark.parametrize("gap", GAPS)
def test_posts_with_pauses_between_them_are_all_answered(
    stack: Stack, tmp_path: Path, gap: int
) -> None:
    # All in front of one stack, so that the pause is waited for once.
    with ExitStack() as running, ThreadPoolExecutor(len(FRONTS)) as at_once:
        ports = []
        for name, front in FRONTS.items():
            (tmp_path / name).mkdir()
            ports.append(running.enter_context(front(tmp_path / name, stack.port)))
        answers = list(at_once.map(partial(spaced_posts, gap=gap), ports))

    assert dict(zip(FRONTS, answers, strict=True)) == dict.fromkeys(FRONTS, [401] * SITES)


def test_the_stack_keeps_idle_connections_longer_than_a_proxy_in_front_of_it() -> None:
    text = (ROOT / "docker/proxy/haproxy.cfg").read_text(encoding="utf-8")

    [seconds] = re.findall(r"^  timeout http-keep-alive (\d+)s$", text, re.MULTILINE)

    assert int(seconds) > LONGEST + 10
