"""What a key was sent with is told apart wherever its parts begin and end."""

import uuid

import pytest

from backend.services.idempotency import keyed_request

SOMEBODY = uuid.UUID(int=7)


@pytest.mark.parametrize(
    "other",
    [
        pytest.param((b"POST /a", b"b"), id="a letter over the border"),
        pytest.param((b"POST /", b"ab", b""), id="an empty part more"),
        pytest.param((b"ab", b"POST /"), id="another order"),
    ],
)
def test_other_parts_have_another_fingerprint(other: tuple[bytes, ...]) -> None:
    first = keyed_request(SOMEBODY, "k", b"POST /", b"ab")

    assert keyed_request(SOMEBODY, "k", *other).fingerprint != first.fingerprint


def test_the_same_parts_have_the_same_one() -> None:
    first, again = (keyed_request(SOMEBODY, "k", b"POST /", b"ab") for _ in range(2))

    assert again == first
