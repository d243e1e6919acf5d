"""Somebody at a browser who has logged in."""

import pytest

from tests.visitor import Visitor


@pytest.fixture
def visitor(app, ayse) -> Visitor:
    visitor = Visitor(app)
    visitor.log_in(ayse)
    return visitor
