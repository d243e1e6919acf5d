"""People and groups as fixtures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from flask import Flask

    from tests.actors import Actor, GroupOfTest


@pytest.fixture
def new_actor(app: Flask) -> Callable[[str], Actor]:
    """Make people."""
    from tests.actors import make_actor

    return lambda name: make_actor(app, name)


@pytest.fixture
def ayse(new_actor: Callable[[str], Actor]) -> Actor:
    """Somebody with an account."""
    return new_actor("Ayşe")


@pytest.fixture
def stranger(new_actor: Callable[[str], Actor]) -> Actor:
    """Somebody else with an account."""
    return new_actor("Stranger")


@pytest.fixture
def flat(ayse: Actor) -> GroupOfTest:
    """A group of Ayşe's."""
    return ayse.make_group()
