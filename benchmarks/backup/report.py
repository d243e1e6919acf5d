"""The figures side by side, as Markdown and for machines."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.backup.disturbance import FULL, MANIFEST, Disturbance
from benchmarks.backup.dump import DumpFigures
from benchmarks.backup.host_loss import Loss
from benchmarks.backup.recovery import RecoveryFigures

RPO_SECONDS = 60.0
_DAMAGE_FREE = "came back exactly"


@dataclass(frozen=True)
class Report:
    """All that was measured; `sets` are the records of the full backups."""

    disturbance: Disturbance
    sets: Sequence[dict[str, Any]]  # Any: JSON
    drill: dict[str, Any]
    dump: DumpFigures
    recovery: RecoveryFigures
    losses: Sequence[Loss]

    @property
    def passed(self) -> bool:
        """Tell whether what is promised held; how long something takes is no promise."""
        too_old = [one for one in self.losses if not one.is_within(RPO_SECONDS)]
        doubled = sum(one.doubled for one in self.losses)
        return bool(self.drill["clean"]) and not (too_old or doubled or self.disturbance.failed)

    def lines(self) -> list[tuple[str, str]]:
        """Return what was measured, each with its name."""
        return [
            ("database, as Postgres stores it", _megabytes(self.sets[-1]["database_bytes"])),
            *self._repository(),
            *self._app(),
            *self._writers(),
            ("drill", self._drill()),
            *self._recovery(),
            *self._losses(),
        ]

    def as_json(self) -> str:
        """Return everything for machines, but for the single requests."""
        kept = {
            "passed": self.passed,
            "figures": dict(self.lines()),
            "sets": list(self.sets),
            "drill": self.drill,
            "dump": asdict(self.dump),
            "recovery": asdict(self.recovery),
            "losses": [asdict(one) for one in self.losses],
        }
        return json.dumps(kept, indent=2)

    def table(self) -> str:
        """Return the figures as Markdown."""
        rows = [f"| {name} | {value} |" for name, value in self.lines()]
        return "\n".join(("| | |", "|---|---|", *rows))

    def _repository(self) -> list[tuple[str, str]]:
        stored, peer = self.sets[-1]["repository_bytes"], self.dump.size
        return [
            ("full backup in the repository", _megabytes(stored)),
            ("`pg_dump -Fc` of the same", f"{_megabytes(peer)}: {_ratio(stored, peer)}"),
            ("full backup under load, s", _spread(self.disturbance.seconds(FULL))),
            ("manifest, s", _spread(self.disturbance.seconds(MANIFEST))),
        ]

    def _app(self) -> list[tuple[str, str]]:
        seen = self.disturbance
        quiet = seen.app_milliseconds(seen.quiet)
        busy = seen.app_milliseconds(seen.spans(FULL))
        return [
            ("the app's p99, quiet", f"{_at(quiet, 0.99):.0f} ms of {len(quiet):,} requests"),
            (
                "the app's p99 while a full backup runs",
                f"{_at(busy, 0.99):.0f} ms of {len(busy):,}:"
                f" {_ratio(_at(busy, 0.99), _at(quiet, 0.99))}",
            ),
            ("requests that failed", f"{seen.failed} of {len(seen.samples):,}"),
        ]

    def _writers(self) -> list[tuple[str, str]]:
        seen = self.disturbance
        quiet = seen.write_milliseconds(seen.quiet)
        busy = seen.write_milliseconds(seen.spans(MANIFEST))
        locked = max(one["locked_ms"] for one in self.sets)
        return [
            ("a writer's longest wait, quiet", f"{quiet[-1]:.0f} ms of {len(quiet):,} writes"),
            (
                "a writer's longest wait during the manifest",
                f"{busy[-1]:.0f} ms of {len(busy):,}: {_ratio(busy[-1], quiet[-1])}",
            ),
            ("tables locked against writers", f"{locked} ms at most"),
        ]

    def _drill(self) -> str:
        found = self.drill
        parts = ("restore", "compare", "amcheck", "app")
        shares = ", ".join(f"{name} {found[f'{name}_seconds']}" for name in parts)
        outcome = _DAMAGE_FREE if found["clean"] else "; ".join(found["differences"])
        return f"{found['seconds']} s ({shares}), {found['rows']:,} rows, {outcome}"

    def _recovery(self) -> list[tuple[str, str]]:
        own, peer = self.recovery, self.dump.restore_seconds
        return [
            ("`pg_restore -j2` of the dump, nothing compared", f"{peer:.1f} s"),
            (
                f"`restore`, {own.rows:,} rows compared",
                f"{own.command_seconds:.1f} s: {_ratio(own.command_seconds, peer)}",
            ),
            (
                "the same, with `up` until it serves",
                f"{own.whole_seconds:.1f} s: {_ratio(own.whole_seconds, peer)}",
            ),
        ]

    def _losses(self) -> list[tuple[str, str]]:
        if not self.losses:
            return []
        ages = _spread([one.oldest_seconds for one in self.losses])
        acknowledged = sum(one.acknowledged for one in self.losses)
        lost, doubled = (sum(one.lost for one in self.losses), sum(o.doubled for o in self.losses))
        back = _spread([one.back_after_seconds for one in self.losses])
        return [
            ("hosts lost while people wrote", str(len(self.losses))),
            ("age of the oldest acknowledged write that was lost, s", ages),
            ("writes acknowledged, lost, doubled", f"{acknowledged:,}, {lost:,}, {doubled}"),
            ("a new server serves after, s", back),
        ]


def _at(ordered: Sequence[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def _ratio(value: float, peer: float) -> str:
    return f"{value / peer:.2f} ×"


def _megabytes(count: float) -> str:
    return f"{count / 1e6:,.1f} MB"


def _spread(values: Sequence[float]) -> str:
    if len(values) == 1:
        return f"{values[0]:.1f}"
    middle = sorted(values)[len(values) // 2]
    return f"{min(values):.1f} to {max(values):.1f}, median {middle:.1f}"
