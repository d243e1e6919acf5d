"""The negative control: flip, and kill the old colour as it happens. This must be noticed.

A drill that finds nothing proves something only if it finds what is there to be found.
"""

import os
import signal
import threading
import time
from functools import partial

from benchmarks.swap_drill.drill import stored_orders
from benchmarks.swap_drill.load import Load
from benchmarks.swap_drill.report import Report, make_report
from benchmarks.swap_drill.world import World
from deploy.rollout.compose import Compose
from deploy.rollout.proxy import Proxy
from deploy.rollout.route import Color, Route
from deploy.rollout.runner import Runner
from deploy.rollout.stack import load_stack
from tests.polling import wait_for
from tests.system.stack import COMPOSE_FILE, Stack


def run_control(stack: Stack, *, swaps: int) -> Report:
    """Swap without counting the old colour down, and without a spare; return what was found."""
    proxy = proxy_of(stack)
    live = proxy.read().on_disk.live
    with Load(World.made(stack.port)) as load:
        time.sleep(2)
        for _ in range(swaps):
            proxy.set_route(Route(live))
            # On an idle machine the old colour is empty before anybody can look it up to kill it.
            process = process_of(stack, live)
            flip = threading.Thread(target=proxy.set_route, args=(Route(live.other),))
            flip.start()
            os.kill(process, signal.SIGKILL)
            flip.join()
            live = live.other
            wait_for(partial(is_up, proxy, live.other), "the killed colour")
        time.sleep(2)
    proxy.set_route(Route(live, has_spare=True))
    return make_report(load.samples, stored_orders(stack), [])


def proxy_of(stack: Stack) -> Proxy:
    """Return the drill's own proxy; a variable of the caller might name a real one."""
    compose, runner = Compose((stack.root / COMPOSE_FILE,)), Runner()
    if (found := load_stack(compose, runner).project) != stack.name:
        raise RuntimeError(f"this would touch {found}: STACK_NAME is set in the environment")
    return Proxy(compose, runner)


def kill(stack: Stack, color: Color) -> None:
    """Kill every process of a colour's container, as a crash of it would."""
    os.kill(process_of(stack, color), signal.SIGKILL)


def process_of(stack: Stack, color: Color) -> int:
    """Return the first process of a colour's container; all others end with it."""
    return int(stack.inspect(color.service)["State"]["Pid"])


def is_up(proxy: Proxy, color: Color) -> bool:
    """Say whether the proxy finds a colour well."""
    return proxy.read().counters.health(color) == "UP"
