"""Segments of WAL: names, chains over timelines, and what is missing."""

import pytest

from backend.backup.cluster.wal import Gap, WalSegment, chain, gaps, parse_history

HISTORY = """1\t0/5000140\tbefore 2026-11-21 10:00:00+00

2\t0/70000A0\tat restore point "backup-x"
"""


def segment(timeline: int, number: int) -> WalSegment:
    return WalSegment(timeline, number)


@pytest.mark.parametrize(
    ("name", "timeline", "number"),
    [
        ("000000010000000000000002", 1, 2),
        ("0000000A00000000000000FF", 10, 255),
        ("0000000A0000000100000000", 10, 256),
        ("00000001000000020000000A", 1, 522),
    ],
)
def test_a_name_is_read_and_written(name, timeline, number) -> None:
    read = WalSegment.parse(name)

    assert (read, str(read)) == (segment(timeline, number), name)


def test_a_history_file_is_no_segment() -> None:
    with pytest.raises(ValueError, match="no segment"):
        WalSegment.parse("00000002.history")


@pytest.mark.parametrize(
    ("lsn", "number"), [("0/2000028", 2), ("0/FF000000", 255), ("1/0", 256), ("2/A000000", 522)]
)
def test_a_position_lies_in_a_segment(lsn, number) -> None:
    assert WalSegment.at(1, lsn) == segment(1, number)


def test_a_chain_changes_the_timeline_where_a_restore_did() -> None:
    found = chain(segment(1, 3), segment(3, 8), parse_history(HISTORY))

    numbers = [(one.timeline, one.number) for one in found]
    assert numbers == [(1, 3), (1, 4), (2, 5), (2, 6), (3, 7), (3, 8)]


def test_a_chain_on_one_timeline() -> None:
    assert [str(one) for one in chain(segment(1, 255), segment(1, 256), {})] == [
        "0000000100000000000000FF",
        "000000010000000100000000",
    ]


def test_a_chain_that_begins_after_the_restore() -> None:
    found = chain(segment(2, 6), segment(2, 7), {1: "0/5000140"})

    assert list(found) == [segment(2, 6), segment(2, 7)]


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        pytest.param({1, 2, 3, 4, 5}, [], id="whole"),
        pytest.param({1, 2, 4, 5}, [(3, 3, 2)], id="one in the middle"),
        pytest.param({1, 4}, [(2, 3, 1), (5, 5, 4)], id="two gaps"),
        pytest.param({2, 3, 4, 5}, [(1, 1, None)], id="the first"),
        pytest.param(set(), [(1, 5, None)], id="all"),
    ],
)
def test_gaps_are_named(there, missing) -> None:
    found = gaps([segment(1, n) for n in range(1, 6)], {segment(1, n) for n in there})

    expected = [
        Gap(segment(1, a), segment(1, b), segment(1, c) if c else None) for a, b, c in missing
    ]
    assert found == expected
