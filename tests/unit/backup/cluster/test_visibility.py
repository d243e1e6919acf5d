"""Which transactions ended between two snapshots."""

import pytest

from backend.backup.cluster.visibility import completed_between


@pytest.mark.parametrize(
    ("earlier", "later", "ended"),
    [
        pytest.param("10:10:", "10:10:", set(), id="nothing happened"),
        pytest.param("10:12:10,11", "10:12:10,11", set(), id="two run on"),
        pytest.param("10:12:10,11", "11:12:11", {10}, id="one of two ended"),
        pytest.param("10:10:", "10:11:10", set(), id="one began and runs"),
        pytest.param("10:10:", "11:11:", {10}, id="one began and ended"),
        pytest.param("10:11:10", "10:13:10,12", {11}, id="one of two new ones ended"),
    ],
)
def test_transactions_that_ended(earlier, later, ended) -> None:
    assert completed_between(earlier, later) == ended
