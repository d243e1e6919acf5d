"""Randomness that can be had again: TEST_SEED chooses it, and who uses it says which it was."""

import os
from random import Random


def seeded(what: str, *, default: object = 0) -> Random:
    """Return what one test draws from; pytest shows the line when the test fails."""
    seed = os.environ.get("TEST_SEED", default)
    print(f"TEST_SEED={seed} ({what})")
    return Random(f"{seed} {what}")
