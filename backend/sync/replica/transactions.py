"""Transactions with dry runs: the same on both engines, but for how they begin and end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager
from typing import LiteralString


class Transactions(ABC):
    """Begins a transaction only when told to; inside a dry run each becomes a savepoint."""

    _is_dry_run = False

    @contextmanager
    def transaction(self, *, write: bool) -> Iterator[None]:
        """Hold one snapshot; `write` writes on top of it, and the triggers do not capture that."""
        if self._is_dry_run:
            with self.savepoint():
                yield
            return
        self._begin(write=write)
        try:
            yield
            self._commit(write=write)
        except BaseException:
            self._roll_back()
            raise

    @contextmanager
    def dry_run(self) -> Iterator[None]:
        """Do everything in one transaction that is rolled back at the end."""
        self._begin(write=True)
        self._is_dry_run = True
        try:
            yield
        finally:
            self._is_dry_run = False
            self._roll_back()

    @contextmanager
    def savepoint(self) -> Iterator[None]:
        """Roll back what is done inside, and no more, if it ends in an error."""
        self._run("SAVEPOINT tablecopy")
        try:
            yield
            self._run("RELEASE tablecopy")
        except BaseException:
            if self._has_transaction():
                self._run("ROLLBACK TO tablecopy")
                # It is still there, and would stand in the way of one around it.
                self._run("RELEASE tablecopy")
            raise

    def _roll_back(self) -> None:
        if self._has_transaction():
            self._run("ROLLBACK")

    @abstractmethod
    def _run(self, query: LiteralString) -> None: ...

    @abstractmethod
    def _begin(self, *, write: bool) -> None: ...

    @abstractmethod
    def _commit(self, *, write: bool) -> None: ...

    @abstractmethod
    def _has_transaction(self) -> bool:
        """Tell whether there is anything to roll back: some errors end a transaction."""
