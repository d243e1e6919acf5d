"""Tests on several workers (`-n 2`): whole files for each, and one of them has all the stacks."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from xdist.remote import Producer
    from xdist.scheduler import LoadFileScheduling

STACKS = "tests/system/"


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> LoadFileScheduling:
    """Give out whole files, and the folder of the stacks as if it were one file.

    So what its files share is started once, and no two stacks are under load together.
    """
    from xdist.scheduler import LoadFileScheduling

    class Scheduling(LoadFileScheduling):  # type: ignore[misc]  # xdist carries no types
        def _split_scope(self, nodeid: str) -> str:
            return STACKS if nodeid.startswith(STACKS) else super()._split_scope(nodeid)

    return Scheduling(config, log)
