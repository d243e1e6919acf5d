"""Sum up a drill: what failed, how long answers took at the flips, whether every write is there."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from benchmarks.swap_drill.http_client import Sample


@dataclass(frozen=True)
class Swap:
    """One deploy of the drill."""

    version: str
    migrated: bool
    flipped_from: float
    flipped_to: float
    drain_seconds: float
    seconds: float


@dataclass(frozen=True)
class Ledger:
    """What became of the writes."""

    acknowledged: int
    lost: tuple[str, ...]
    doubled: tuple[str, ...]
    # Writes without an answer: 0 or 1 of each is right.
    unknown: int

    @property
    def is_exact(self) -> bool:
        """Say whether every acknowledged write is there exactly once."""
        return not self.lost and not self.doubled


@dataclass(frozen=True)
class Report:
    """What a drill found."""

    requests: int
    failures: int
    # Of the failures, those that a machine with more to do than it can causes by itself.
    late: int
    problems: dict[str, int]
    ledger: Ledger
    swaps: list[Swap]
    milliseconds: dict[str, dict[str, float]]
    pages: list[str] = field(default_factory=list)

    @property
    def passed(self) -> bool:
        """Say whether nobody noticed anything."""
        return not self.failures and self.ledger.is_exact and not self.pages

    def as_json(self) -> str:
        """Return everything for machines."""
        return json.dumps({"passed": self.passed, **asdict(self)}, indent=2)


def judge_ledger(samples: Sequence[Sample], stored: Mapping[str, int]) -> Ledger:
    """Compare what clients were told with what the database holds."""
    written = [sample for sample in samples if sample.key]
    acknowledged = {sample.key for sample in written if not sample.is_unanswered}
    return Ledger(
        acknowledged=len(acknowledged),
        lost=tuple(sorted(key for key in acknowledged if not stored.get(key))),
        doubled=tuple(sorted(key for key, count in stored.items() if count > 1)),
        unknown=len(written) - len(acknowledged),
    )


def make_report(
    samples: Sequence[Sample],
    stored: Mapping[str, int],
    swaps: Sequence[Swap],
    pages: Sequence[str] = (),
) -> Report:
    """Sum everything up."""
    failed = [sample for sample in samples if sample.failed]
    near = [s for s in samples if any(_touches(s, swap) for swap in swaps)]
    return Report(
        requests=len(samples),
        failures=len(failed),
        late=sum(sample.is_only_slow for sample in failed),
        problems=dict(Counter(f"{s.kind}: {s.problem}" for s in failed).most_common(12)),
        ledger=judge_ledger(samples, stored),
        swaps=list(swaps),
        milliseconds={"whole drill": _quantiles(samples), "during flips": _quantiles(near)},
        pages=list(pages),
    )


def _touches(sample: Sample, swap: Swap) -> bool:
    """Say whether a request was under way between a flip and the end of the draining."""
    begin, end = swap.flipped_from - 0.5, swap.flipped_to + max(1.0, swap.drain_seconds)
    return sample.started <= end and sample.started + sample.seconds >= begin


def _quantiles(samples: Sequence[Sample]) -> dict[str, float]:
    times = sorted(sample.seconds * 1000 for sample in samples)
    if not times:
        return {}

    def at(share: float) -> float:
        return round(times[min(len(times) - 1, int(len(times) * share))], 1)

    return {"requests": len(times), "p50": at(0.5), "p99": at(0.99), "max": round(times[-1], 1)}


def table(report: Report) -> str:
    """Return the report as Markdown."""
    swaps = report.swaps
    rows: list[tuple[str, Any]] = [
        ("deploys", f"{len(swaps)}, {sum(s.migrated for s in swaps)} with an expand migration"),
        ("requests", f"{report.requests:,}"),
        ("failed", f"{report.failures}, {report.late} of them by being late"),
        ("writes acknowledged", f"{report.ledger.acknowledged:,}"),
        ("of them lost / doubled", f"{len(report.ledger.lost)} / {len(report.ledger.doubled)}"),
        *((f"ms, {name}", _line(ms)) for name, ms in report.milliseconds.items()),
        ("drain, s", _spread([swap.drain_seconds for swap in swaps])),
        ("whole deploy, s", _spread([swap.seconds for swap in swaps])),
    ]
    return "\n".join(("| | |", "|---|---|", *(f"| {name} | {value} |" for name, value in rows)))


def _line(ms: dict[str, float]) -> str:
    if not ms:
        return "-"
    return f"p50 {ms['p50']}, p99 {ms['p99']}, max {ms['max']} ({ms['requests']:,} requests)"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return "-"
    middle = sorted(values)[len(values) // 2]
    return f"{min(values):.1f} to {max(values):.1f}, median {middle:.1f}"
