"""The app with four workers, started again and again on an empty database."""

import json
from functools import partial

import pytest

from tests.polling import wait_for
from tests.system.person import Person
from tests.system.stack import Stack


def start_on_an_empty_database(stack: Stack) -> None:
    """Take the database away, and let one `up` make everything again."""
    stack.compose("rm", "--stop", "--force", "app-blue", "app-green", "migrate", "bootstrap")
    stack.sql("DROP DATABASE IF EXISTS hesap_paylas WITH (FORCE)", database="postgres")
    stack.up()


def assert_started_cleanly(stack: Stack) -> None:
    for color in ("app-blue", "app-green"):
        # One worker of one colour is enough for the stack to be ready; the others may come later.
        wait_for(partial(all_work, stack, color), f"four workers of {color}")
        assert stack.inspect(color)["RestartCount"] == 0
        levels = [json.loads(line)["level"] for line in log(stack, color) if line.startswith("{")]
        assert not {"warning", "error", "critical"} & set(levels), log(stack, color)[-20:]
        assert workers(stack, color) == 4
    Person.signed_up(stack)


def all_work(stack: Stack, color: str) -> bool:
    return workers(stack, color) >= 4


def workers(stack: Stack, color: str) -> int:
    return sum("Booting worker" in line for line in log(stack, color))


def log(stack: Stack, color: str) -> list[str]:
    return stack.compose("logs", "--no-log-prefix", "--no-color", color).stdout.splitlines()


def repeat(stack: Stack, times: int) -> None:
    for number in range(times):
        start_on_an_empty_database(stack)
        assert_started_cleanly(stack)
        print(f"cold start {number + 1} of {times}: ready, no warning, a sign-up works")


def test_two_cold_starts(own_stack: Stack) -> None:
    repeat(own_stack, 2)


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_twenty_cold_starts(own_stack: Stack) -> None:
    repeat(own_stack, 20)
