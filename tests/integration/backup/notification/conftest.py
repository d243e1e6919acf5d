"""A web service that is told how the backups are."""

from collections.abc import Iterator

import pytest

from tests.integration.backup.notification.receiver import Receiver, receiver


@pytest.fixture
def web() -> Iterator[Receiver]:
    """Give one that takes everything until a test tells it otherwise."""
    with receiver() as started:
        yield started
