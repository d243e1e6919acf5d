"""A range whose digests differ is a difference, whatever a second look at its rows finds."""

from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from backend.cli.progress import Lines
from backend.db.session import Session
from backend.tablecopy.pool import LocalRunner, T
from backend.tablecopy.results import Difference, DifferenceKind
from backend.tablecopy.sqlite.connection import SourceConnection
from backend.transfer.endpoints import open_endpoints
from backend.transfer.options import TransferMode, TransferOptions
from backend.transfer.report import Findings
from backend.transfer.run import Run
from backend.transfer.verify import all_parts, compare
from tests.integration.transfer.conftest import A, Move


class Passing(LocalRunner):
    """A runner during whose tasks the target is not what it is before and afterwards."""

    def __init__(self, reader: SourceConnection, session: Session, *statements: str) -> None:
        super().__init__(reader, session)
        self.statements = statements

    def run(self, tasks: Iterable[T]) -> Iterator[tuple[T, Any]]:
        """Do them while the statements hold."""
        for task in tasks:
            with self.session.transaction(force_rollback=True):
                for statement in self.statements:
                    self.session.execute(statement.encode())
                answer = task.run(self)
            yield task, answer


@pytest.fixture
def run(move: Move) -> Iterator[Run]:
    """A run in which both sides are the same."""
    move.prepare(A[1])
    assert move.source.path is not None
    options = TransferOptions(move.source.path, move.target, TransferMode.VERIFY, batch_rows=1)
    with open_endpoints(options) as endpoints:
        yield Run(options, endpoints, Lines(), endpoints.match(options))


def found(run: Run, *statements: str) -> tuple[Difference, ...]:
    runner = Passing(run.endpoints.source.connection, run.endpoints.session, *statements)
    return compare(run, runner, "public", all_parts(run, run.encoders()))


def test_digests_that_differ_are_told_though_no_row_is_found_to(run) -> None:
    (one,) = found(run, "UPDATE a SET t = 'z' WHERE id = 2")

    assert (one.table, one.kind) == ("a", DifferenceKind.CHANGED)
    assert one.key == "somewhere from (1,) to (2,)"
    assert Findings(differences=(one,)).exit_code == 3


def test_each_such_range_is_told(run) -> None:
    differences = found(run, "DELETE FROM a")

    assert [one.key for one in differences] == [
        "somewhere from None to (1,)",
        "somewhere from (1,) to (2,)",
    ]


def test_so_many_are_told_and_no_more(run, monkeypatch) -> None:
    monkeypatch.setattr("backend.transfer.verify._MOST_NAMED", 1)

    assert len(found(run, "DELETE FROM a")) == 1


def test_nothing_is_told_where_nothing_differs(run) -> None:
    assert found(run) == ()
