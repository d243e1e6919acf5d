"""Text is made uniform, and what a database or a reader would choke on is refused."""

import pytest

from backend.services.errors import InvalidInput
from backend.services.texts import clean_line, clean_note


def test_a_line_is_trimmed_and_composed():
    assert clean_line("  Çay\u0327 I\u0307pek ", field="title", at_most=20) == "Çay\u0327 İpek"


@pytest.mark.parametrize("text", ["İ", "7", "?", "🍕", "👩‍👩‍👧", "한", "ज़", "ا"])
def test_a_line_of_one_sign_is_a_line(text):
    assert clean_line(text, field="title", at_most=20) == text


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
        pytest.param("\u200b\u200d\ufeff", id="no width"),
        pytest.param("\u00ad", id="soft hyphen"),
        pytest.param("\u3164\u115f", id="Hangul fillers"),
        pytest.param("\u2800", id="blank of Braille"),
        pytest.param("\ufe0f\u034f", id="marks on nothing"),
        pytest.param("\U000e0041", id="a tag"),
        pytest.param("\ue000", id="private use"),
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
