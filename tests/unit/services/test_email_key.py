"""Which addresses are one account."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.services.email_key import email_key
from backend.services.errors import InvalidInput


@pytest.mark.parametrize(
    ("address", "key"),
    [
        pytest.param("Ayse@Example.COM", "ayse@example.com", id="case"),
        pytest.param("  ayse@example.com ", "ayse@example.com", id="blanks around"),
        pytest.param("IBRAHIM@X.COM", "ibrahim@x.com", id="capital I is i"),
        pytest.param("İBRAHİM@X.COM", "ibrahim@x.com", id="dotted capital is i"),
        pytest.param("ışık@x.com", "ışık@x.com", id="dotless stays another letter"),
        pytest.param("ａｙｓｅ@example.com", "ayse@example.com", id="full width"),
        pytest.param("straße@x.de", "strasse@x.de", id="sharp s"),
        pytest.param("u\u0308@x.de", "ü@x.de", id="combining accent"),
    ],
)
def test_addresses_that_look_alike_have_one_key(address, key):
    assert email_key(address) == key


@pytest.mark.parametrize(
    "address",
    [
        "", "ayse", "@example.com", "ayse@", "a@b@c", "a b@example.com", "a@exa mple.com",
        "a@.com", "a@example..com", "a\x00@example.com", "a@example.com\n.evil.com",
        "a\u202e@example.com", "x" * 65 + "@example.com", "a@" + "x" * 254,
    ],
)  # fmt: skip
def test_what_is_no_address_is_refused(address):
    with pytest.raises(InvalidInput):
        email_key(address)


@given(st.text(max_size=20), st.text(max_size=20))
def test_the_key_of_a_key_is_itself(local, domain):
    try:
        key = email_key(f"{local}@{domain}")
    except InvalidInput:
        return

    assert email_key(key) == key
    assert len(key) <= 254
