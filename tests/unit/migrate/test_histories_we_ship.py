"""What holds for every revision in the repository."""

import re

import pytest

from backend.config.database_url import EngineName
from backend.db.schema_state import NEEDS_EXPAND, TOLERATES_CONTRACT
from backend.migrate.history import MIGRATIONS, PHASES, History

ENGINES: tuple[EngineName, ...] = ("postgres", "sqlite")


def test_both_engines_go_through_the_same_revisions() -> None:
    postgres, sqlite = (History.of(engine).revisions for engine in ENGINES)

    assert postgres == sqlite


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("phase", PHASES)
def test_revisions_count_up_without_a_gap(engine: EngineName, phase: str) -> None:
    levels = [r.level for r in History.of(engine).revisions if r.phase == phase]

    assert levels == list(range(1, len(levels) + 1))


@pytest.mark.parametrize("engine", ENGINES)
def test_a_release_needs_and_tolerates_what_it_ships(engine: EngineName) -> None:
    history = History.of(engine)

    assert history.top("expand") >= NEEDS_EXPAND
    assert history.top("contract") <= TOLERATES_CONTRACT


@pytest.mark.parametrize("engine", ENGINES)
def test_expanding_never_waits_for_contracting(engine: EngineName) -> None:
    history = History.of(engine)

    pending = history.pending("expand", ["expand_0001"])
    applied = history.applied([pending[-1].id if pending else "expand_0001"])

    assert {revision.partition("_")[0] for revision in applied} == {"expand"}


@pytest.mark.parametrize("path", sorted(MIGRATIONS.glob("*/*/*.py")), ids=lambda path: path.stem)
def test_a_revision_leaves_its_transaction_only_by_our_helper(path) -> None:
    text = path.read_text(encoding="utf-8")

    assert re.findall(r"autocommit_block|isolation_level|CONCURRENTLY|\bCOMMIT\b", text) == []
