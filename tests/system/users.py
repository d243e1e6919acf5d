"""What users of the stack would have noticed."""

from collections.abc import Sequence

from benchmarks.swap_drill.http_client import Sample


def unserved(samples: Sequence[Sample]) -> list[str]:
    """Describe the requests that were not answered as they should be; slow is no fault here."""
    assert samples, "nobody asked for anything"
    return [f"{s.kind}: {s.problem}" for s in samples if s.failed and not s.is_only_slow]
