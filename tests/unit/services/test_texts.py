"""Text is made uniform, and what a database or a reader would choke on is refused."""

import pytest

from backend.services.errors import InvalidInput
from backend.services.texts import clean_line, clean_note


def test_a_line_is_trimmed_and_composed():
    assert clean_line("  Çay\u0327 I\u0307pek ", field="title", at_most=20) == "Çay\u0327 İpek"


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="empty"),
        pytest.param(" \t ", id="blank"),
        pytest.param("a\x00b", id="NUL"),
        pytest.param("a\nb", id="line break"),
        pytest.param("a\u2028b", id="line separator"),
        pytest.param("\ud800", id="half a pair"),
        pytest.param("a\u202eb", id="turns the text around"),
        pytest.param("x" * 21, id="too long"),
    ],
)
def test_what_is_no_line_is_refused(text):
    with pytest.raises(InvalidInput):
        clean_line(text, field="title", at_most=20)


def test_a_note_may_be_empty_or_have_several_lines():
    assert clean_note("", field="note", at_most=20) == ""
    assert clean_note("one\ntwo", field="note", at_most=20) == "one\ntwo"


@pytest.mark.parametrize("text", ["a\x00", "\ud800", "x" * 21])
def test_a_note_is_still_plain_text(text):
    with pytest.raises(InvalidInput):
        clean_note(text, field="note", at_most=20)
