"""Whatever JSON arrives, the answer is never our fault, and what was refused left no trace."""

from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.actors import GroupOfTest

# Half pairs, NUL, and other text that a database or an encoder may choke on.
TEXT = st.text(st.characters(), max_size=12)
NUMBERS = st.integers() | st.floats() | st.integers(min_value=2**63)
ANYTHING: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
ORDER = ["title", "currency", "total", "ordered_on", "payers", "split", "note", "surprise"]
PAYMENT = ["from_member_id", "to_member_id", "currency", "amount", "paid_on", "note"]
LIMITS = settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))


def test_a_strange_order_is_refused_or_right(flat: GroupOfTest):
    @given(st.dictionaries(st.sampled_from(ORDER), ANYTHING, max_size=3))
    @LIMITS
    def check(changes: dict[str, Any]) -> None:
        answer = flat.owner.post(f"{flat.path}/orders", flat.order() | changes)

        assert answer.status_code in {201, 400, 422}, answer.get_data(as_text=True)

    check()

    assert set(flat.balances().values()) <= {"0.00"}


def test_a_strange_payment_is_refused_or_right(flat: GroupOfTest):
    mehmet = flat.add_member("Mehmet")
    payment = {
        "from_member_id": mehmet,
        "to_member_id": flat.me,
        "currency": "TRY",
        "amount": "1.00",
        "paid_on": "2026-11-22",
    }

    @given(st.dictionaries(st.sampled_from(PAYMENT), ANYTHING, max_size=2))
    @LIMITS
    def check(changes: dict[str, Any]) -> None:
        answer = flat.owner.post(f"{flat.path}/settlements", payment | changes)

        assert answer.status_code in {201, 400, 422}, answer.get_data(as_text=True)

    check()


def test_a_strange_body_or_query_never_makes_it_fall_over(flat: GroupOfTest):
    @given(ANYTHING, TEXT.filter(lambda text: text.isprintable()))
    @LIMITS
    def check(body: object, word: str) -> None:
        group = flat.owner.post("/api/v1/groups", body)
        query = {"cursor": word, "limit": word}
        page = flat.owner.get(f"{flat.path}/orders", query_string=query)

        assert {group.status_code, page.status_code} <= {201, 400, 422}

    check()
