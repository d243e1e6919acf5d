"""Revisions come in pairs: what one engine's schema goes through, the other's goes through too."""

import pytest

from tests.repo.checkout import files


@pytest.mark.parametrize("phase", ["expand", "contract"])
def test_every_revision_exists_for_both_engines_under_the_same_name(phase: str) -> None:
    postgres, sqlite = (
        [name.rpartition("/")[2] for name in files(f"backend/migrations/{engine}/{phase}/*.py")]
        for engine in ("postgres", "sqlite")
    )

    assert postgres == sqlite


@pytest.mark.parametrize("engine", ["postgres", "sqlite"])
def test_expand_revisions_are_numbered_without_a_gap(engine: str) -> None:
    names = [name.rpartition("/")[2] for name in files(f"backend/migrations/{engine}/expand/*.py")]

    assert [int(name.split("_")[0]) for name in names] == list(range(1, len(names) + 1))
    assert names != []
