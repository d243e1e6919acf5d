"""What stays behind in the next attempt of a run, because the one before has shown that it must."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from backend.errors import DataError
from backend.sync.merge.result import ConflictKind
from backend.sync.merge.three_way import Place
from backend.sync.reach.troubles import not_accepted
from backend.sync.replica.refusal import Refusal
from backend.sync.replica.tables import Value

# Somebody else may write faster than we look, but hardly each time.
_LOOKS = 3


@dataclass(frozen=True)
class Fault:
    """Why a unit stays behind."""

    kind: ConflictKind
    because: str


@dataclass
class Held:
    """What stays behind: everything of a group or an account, and single units."""

    scopes: dict[Value, Fault] = field(default_factory=dict)
    units: dict[Place, Fault] = field(default_factory=dict)
    _heard: set[str] = field(default_factory=set)
    _looks: int = _LOOKS

    def hold_scopes(self, broken: Mapping[Value, Fault]) -> None:
        """Let all rows of these groups and accounts stay behind.

        Raises:
            DataError: they stay behind already, and the rules are broken all the same.
        """
        if broken.keys() <= self.scopes.keys():
            raise DataError(
                "; ".join(sorted({fault.because for fault in broken.values()})),
                hint="the target breaks this rule by itself: python -m backend check",
            )
        self.scopes.update(broken)

    def hold_refused(self, first: Refusal, found: Mapping[Place, Refusal]) -> None:
        """Let units stay behind that the target refuses; `first` is what ended the attempt.

        What another session's write may have caused has to be seen twice.

        Raises:
            DataError: something is refused, and no unit is to blame for it.
            TransientError: others write faster than we can look.
        """
        self._heard.add(first.says)
        certain = {
            place: Fault(refusal.kind, refusal.says)
            for place, refusal in found.items()
            if not refusal.may_pass or refusal.says in self._heard
        }
        self._heard |= {refusal.says for refusal in found.values()}
        self.units.update(certain)
        if not certain:
            self._look_again(first)

    def _look_again(self, first: Refusal) -> None:
        self._looks -= 1
        if not first.may_pass or not self._looks:
            raise not_accepted(first)
