"""Fixtures of the stack tests: images are built once, and most tests share one running stack."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.system.operator import Operator
from tests.system.stack import Stack, new_stack

HERE = Path(__file__).parent


@pytest.hookimpl(tryfirst=True)
def pytest_itemcollected(item: pytest.Item) -> None:
    """Everything in this folder needs a Docker engine."""
    if HERE in item.path.parents:
        item.add_marker("docker")


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give a stack that is never started: the images that all others take over."""
    with new_stack(tmp_path_factory.mktemp("built"), "built") as stack:
        yield stack


@pytest.fixture(scope="session")
def stack(built: Stack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """Give the shared stack, up and ready. A test leaves it as it found it: serving, blue live."""
    with new_stack(tmp_path_factory.mktemp("shared"), "shared", images_of=built) as shared:
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
    with new_stack(tmp_path_factory.mktemp("deployed"), "deployed", images_of=built) as deployed:
        deployed.up()
        yield Operator(deployed)


@pytest.fixture
def make_stack(built: Stack, tmp_path: Path) -> Iterator[Callable[[str], Stack]]:
    """Give a function that makes a stack of one's own, not up yet, from the images built once."""
    with ExitStack() as stacks:
        yield lambda label: stacks.enter_context(new_stack(tmp_path, label, images_of=built))
