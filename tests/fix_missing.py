"""Tell which tests did not run here and why; with CI=true, what is missing is a failure."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cache, partial
from typing import NoReturn

import pytest

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
DRILL = "a long drill: `make drill` runs it"

_not_run: Counter[str] = Counter()


def not_here(reason: str) -> NoReturn:
    """Skip this test with the reason, or fail it where everything must be there."""
    if os.environ.get("CI") == "true":
        pytest.fail(f"CI=true, and {reason}", pytrace=False)
    _not_run[reason] += 1
    pytest.skip(reason)


@cache
def missing_docker() -> str:
    """Return why the stack tests cannot run here, or nothing."""
    for command in (("docker", "info"), ("docker", "compose", "version")):
        if not _answers(command):
            return f"no Docker engine with Compose answers (tried: {' '.join(command)})"
    return ""


@cache
def missing_browser() -> str:
    """Return why no test can look at a page here, or nothing."""
    return "" if find_browser() else f"no browser is installed (looked for {', '.join(BROWSERS)})"


def missing_command(name: str) -> str:
    """Return why no test can use a program here, or nothing."""
    return "" if shutil.which(name) else f"{name} is not installed"


def find_browser() -> str | None:
    """Return the path of an installed Chromium."""
    return next((path for name in BROWSERS if (path := shutil.which(name))), None)


NEEDS: dict[str, Callable[[], str]] = {
    "docker": missing_docker,
    "browser": missing_browser,
    "caddy": partial(missing_command, "caddy"),
    "nginx": partial(missing_command, "nginx"),
    "age": partial(missing_command, "age"),
}


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Check what the test needs before any of its fixtures starts to build it."""
    for marker, why_missing in NEEDS.items():
        if item.get_closest_marker(marker) and (reason := why_missing()):
            not_here(reason)


def pytest_deselected(items: Sequence[pytest.Item]) -> None:
    """Count the drills that were left out, so that nobody takes them for done."""
    _not_run[DRILL] += sum(item.get_closest_marker("slow") is not None for item in items)


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Hand over what was counted, if this is a worker's session."""
    handed_over: dict[str, object] | None = getattr(session.config, "workeroutput", None)
    if handed_over is not None:
        handed_over["not run"] = dict(_not_run)


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: object) -> None:
    """Take over what a worker has counted."""
    counted: dict[str, int] = getattr(node, "workeroutput", {}).get("not run", {})
    for reason, number in counted.items():
        # Every worker leaves out all of the drills, but a test is only skipped by one.
        so_far = 0 if reason == DRILL else _not_run[reason]
        _not_run[reason] = so_far + number


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List each reason once, with the number of tests behind it."""
    left_out = [(reason, number) for reason, number in _not_run.items() if number]
    if left_out:
        terminalreporter.section("not run here")
    for reason, number in left_out:
        terminalreporter.line(f"{number:4} × {reason}")


def _answers(command: Sequence[str]) -> bool:
    try:
        return not subprocess.run(command, check=False, capture_output=True, timeout=30).returncode
    except (OSError, subprocess.TimeoutExpired):
        return False
