"""Many values at once are judged as each of them by itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.capture.sqlite_columns import fit_together
from backend.capture.sqlite_values import _FITS
from backend.capture.tables import Kind

SOUND = {
    Kind.UUID: "01a212280533" + "7" * 20,
    Kind.MOMENT: "2026-02-28 23:59:59.000001",
    Kind.DATE: "2026-02-28",
    Kind.FLAG: 1,
    Kind.WHOLE: -(2**63),
    Kind.TEXT: "Ağır & 'ödeme'\n",
    Kind.NAIVE: "2026-02-28 23:59:59.000001",
    Kind.REAL: 0.1,
    Kind.DECIMAL: "12.5",
    Kind.OTHER: b"\xff",
}
# Several forms are one number, so that each is looked at.
TOGETHER = [kind for kind in Kind if kind is not Kind.DECIMAL]
ODD = [
    "2026-02-30 10:00:00.000000", "2026-02-28 24:00:00.000000", "2026-02-28T10:00:00.000000",
    "2026-02-28 10:00:00", "2026-02-30", "2026-2-3", "A" * 32, "g" * 32, "a" * 31, "a" * 32 + "\n",
    "٢" * 32, "٢٠٢٦-02-28", "a\0b", "\udcff", b"x", 2, True, 1.0, "1", "", "2026-02-28\n2026-02-28",
]  # fmt: skip


@pytest.mark.parametrize("kind", TOGETHER)
def test_sound_values_fit_beside_nothing(kind) -> None:
    assert fit_together(kind, [None, SOUND[kind], None, SOUND[kind]])
    assert fit_together(kind, [])


@pytest.mark.parametrize("kind", Kind)
@pytest.mark.parametrize("odd", ODD, ids=ascii)
def test_one_that_does_not_fit_is_found_among_others(kind, odd) -> None:
    assert _FITS[kind](odd) or not fit_together(kind, [SOUND[kind], odd, SOUND[kind]])


@pytest.mark.parametrize("kind", Kind)
@given(values=st.lists(st.sampled_from([*ODD, *SOUND.values()]) | st.text(), max_size=3))
def test_what_fits_together_fits_one_by_one(kind, values) -> None:
    mixed = [SOUND[kind], *values, None]

    if fit_together(kind, mixed):
        assert all(value is None or _FITS[kind](value) for value in mixed)
