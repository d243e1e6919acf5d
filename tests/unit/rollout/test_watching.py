"""When the answers of a release are so bad that the old one comes back."""

import pytest

from deploy.rollout.counters import Served
from deploy.rollout.watching import is_bad


@pytest.mark.parametrize(
    ("answers", "errors", "is_undone"),
    [
        pytest.param(0, 0, False, id="nobody came"),
        pytest.param(300, 3, True, id="three, and one percent"),
        pytest.param(301, 3, False, id="three, and less"),
        pytest.param(100, 2, False, id="two"),
        pytest.param(2, 1, True, id="every second"),
        pytest.param(3, 1, False, id="every third"),
    ],
)
def test_errors_are_weighed_against_answers(answers, errors, is_undone) -> None:
    assert is_bad(Served(answers, errors)) is is_undone
