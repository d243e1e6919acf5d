"""Fixtures of the stack tests: most share one of three running stacks.

The first `up` of one of them builds its images, as a user's does; the others take those over that
were built once. test_fresh_clone has a stack of its own that begins without any image.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.managed_postgres import ManagedPostgres, managed_postgres
from tests.system.operator import Operator
from tests.system.stack import Stack, new_stack

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Everything in this folder needs a Docker engine."""
    if HERE in item.path.parents:
        item.add_marker("docker")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Function, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show with a failed test what its stack has complained of: soon it is gone."""
    report = yield
    if report.failed and call.when == "call":
        users = [one for one in item.funcargs.values() if isinstance(one, Stack | Operator)]
        for stack in {one.stack if isinstance(one, Operator) else one for one in users}:
            report.sections.append((f"complaints of {stack.name}", stack.complaints()))
    return report


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a stack that is never started: the images that short-lived ones take over."""
    with new_stack(tmp_path_factory.mktemp("built"), "built") as stack:
        stack.build()
        yield stack


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give the shared stack, up and ready. A test leaves it as it found it: serving, blue live."""
    with new_stack(tmp_path_factory.mktemp("shared"), "shared") as shared:
        shared.up()
        yield shared


@pytest.fixture(scope="session")
def own_stack(built: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a second stack, with four workers, that tests may stop, starve and drain of its data.

    Each test leaves it up and ready, on whatever data.
    """
    with new_stack(tmp_path_factory.mktemp("own"), "own", images_of=built) as own:
        own.configure(WEB_WORKERS="4")
        own.up()
        yield own


@pytest.fixture(scope="session")
def operator(built: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Operator]:
    """Give somebody with a stack to deploy to; each test leaves it serving, whatever the release."""
    folder = tmp_path_factory.mktemp("deployed")
    with new_stack(folder, "deployed", images_of=built) as deployed:
        # A drill of its own at any moment would take a core from what is looked at under load;
        # swaps beside backups are for the long form.
        deployed.configure(BACKUPS="off")
        deployed.up()
        yield Operator(deployed)


@pytest.fixture
def make_stack(built: Stack, tmp_path: Path) -> Iterator[Callable[[str], Stack]]:
    """Give a function that makes a stack of one's own, not up yet, from the images built once."""
    with ExitStack() as stacks:
        yield lambda label: stacks.enter_context(new_stack(tmp_path, label, images_of=built))


@pytest.fixture(scope="session")
def managed(built: Stack) -> Iterator[ManagedPostgres]:
    """Give a server that belongs to no stack."""
    with managed_postgres(f"{built.name}-managed") as server:
        yield server
