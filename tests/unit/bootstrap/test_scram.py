"""Verifiers, against the example of RFC 7677 and what RFC 4013 says about spelling."""

import pytest

from backend.bootstrap import scram

# RFC 7677, section 3: password "pencil", this salt, 4096 iterations.
RFC_7677 = (
    "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$"
    "WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU="
)


def test_right_password_matches() -> None:
    assert scram.matches("pencil", RFC_7677)


@pytest.mark.parametrize("password", ["Pencil", "pencil ", "", "pencıl"])
def test_other_password_does_not(password: str) -> None:
    assert not scram.matches(password, RFC_7677)


@pytest.mark.parametrize("verifier", [None, "", "md5d41d8cd98f00b204e9800998ecf8427e", "pencil"])
def test_what_is_no_verifier_never_matches(verifier: str | None) -> None:
    assert not scram.matches("pencil", verifier)


@pytest.mark.parametrize("spelling", ["pen\u00adcil", "ｐｅｎｃｉｌ"], ids=["soft hyphen", "wide"])
def test_spellings_that_mean_the_same_match(spelling: str) -> None:
    assert scram.matches(spelling, RFC_7677)
