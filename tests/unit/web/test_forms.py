"""Where a form may lead: to pages of ours, and to no other."""

import pytest

from backend.web.forms import own_address


@pytest.mark.parametrize("address", ["/groups", "/groups/1?cursor=a"])
def test_a_login_leads_on_to_our_own_pages(address):
    assert own_address(address) == address


@pytest.mark.parametrize(
    "address",
    [
        "",
        "groups",
        "//evil.example",
        # No host to a parser, and one to a browser.
        "///evil.example",
        "https://evil.example",
        "/\\evil.example",
        "javascript:x",
        "/\tx",
    ],
)
def test_a_login_never_leads_elsewhere(address):
    assert own_address(address) is None
