"""Nobody notices a deploy: clients that never retry, an open page, and a ledger of every write."""

import pytest

from benchmarks.swap_drill import cli
from benchmarks.swap_drill.control import run_control
from benchmarks.swap_drill.drill import Drill, Plan
from benchmarks.swap_drill.report import Report, table
from tests.system.operator import Operator

# Gentle, because CI has two cores for everything; the whole form is for a machine at rest.
# One release with a migration and one without.
SHORT = Plan(deploys=2, requests=400, watch_seconds=2, open_rate=8, think=0.2)


def unnoticed(report: Report) -> None:
    """Fail with the report unless every request was answered; being slow is for the whole form."""
    assert report.failures == report.late, f"{report.problems}\n{table(report)}"
    assert report.ledger.is_exact, report.ledger
    assert report.ledger.acknowledged > 0


@pytest.mark.browser
def test_two_deploys_are_not_noticed_not_even_on_a_page_that_is_open(operator: Operator) -> None:
    from benchmarks.swap_drill.browser import open_page

    with open_page(operator.world) as page:
        report = Drill(operator.stack, SHORT, page).run()

    unnoticed(report)
    assert report.pages == []


def test_a_color_that_is_killed_at_the_flip_is_noticed(operator: Operator) -> None:
    report = run_control(operator.stack, swaps=2)

    assert report.failures > 0
    assert report.ledger.is_exact


@pytest.mark.slow
@pytest.mark.timeout(3600)
@pytest.mark.browser
def test_twenty_deploys_and_ninety_thousand_requests_are_not_noticed() -> None:
    assert cli.main(["--deploys", "20", "--requests", "90000"]) == 0
