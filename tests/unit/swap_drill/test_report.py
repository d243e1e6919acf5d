"""What the swap drill makes of what its clients saw: lost, doubled, unknown, failed."""

import pytest

from benchmarks.swap_drill.http_client import Sample
from benchmarks.swap_drill.report import Swap, judge_ledger, make_report, table


def sample(key: str = "", problem: str = "", *, started: float = 0.0, ms: float = 10) -> Sample:
    return Sample("add order" if key else "page", started, ms / 1000, problem, key)


def test_a_write_that_was_acknowledged_and_is_there_once_is_right():
    ledger = judge_ledger([sample("a"), sample("b")], {"a": 1, "b": 1})

    assert ledger.is_exact
    assert (ledger.acknowledged, ledger.unknown) == (2, 0)


def test_an_acknowledged_write_that_is_not_there_is_lost():
    ledger = judge_ledger([sample("a"), sample("b")], {"a": 1})

    assert ledger.lost == ("b",)
    assert not ledger.is_exact


def test_a_write_that_is_there_twice_is_doubled_even_if_nobody_knows_of_it():
    ledger = judge_ledger([sample("a", "ConnectionResetError: ")], {"a": 2})

    assert ledger.doubled == ("a",)
    assert not ledger.is_exact


@pytest.mark.parametrize("stored", [{}, {"a": 1}])
def test_a_write_without_an_answer_may_be_there_or_not(stored):
    ledger = judge_ledger([sample("a", "proxy answered 502")], stored)

    assert ledger.is_exact
    assert (ledger.acknowledged, ledger.unknown) == (0, 1)


def test_a_late_answer_is_a_failure_but_an_acknowledgement_too():
    report = make_report([sample("a", "took 2.4 s", ms=2400)], {}, [])

    assert report.failures == 1
    assert report.ledger.lost == ("a",)


def test_a_page_that_went_wrong_fails_the_drill():
    assert make_report([sample()], {}, []).passed
    assert not make_report([sample()], {}, [], ["form 1 was not taken"]).passed


def test_requests_at_the_flip_are_timed_apart():
    swap = Swap("v2", True, flipped_from=100.0, flipped_to=101.0, drain_seconds=2.0, seconds=30.0)
    samples = [sample(started=50, ms=5), sample(started=100.5, ms=80), sample(started=200, ms=6)]

    report = make_report(samples, {}, [swap])

    assert report.milliseconds["whole drill"] == {"requests": 3, "p50": 6, "p99": 80, "max": 80}
    assert report.milliseconds["during flips"] == {"requests": 1, "p50": 80, "p99": 80, "max": 80}
    assert "| deploys | 1, 1 with an expand migration |" in table(report)
    assert "| whole deploy, s | 30.0 to 30.0, median 30.0 |" in table(report)
