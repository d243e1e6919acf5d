"""Log lines: one JSON object each, without anything that must not be kept."""

import json
import logging

import pytest

from backend.logs import JsonFormatter, TextFormatter, redact


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("to postgresql://u:s3cret@h/d failed", "to postgresql://[redacted]@h/d failed"),
        ("Key (email_key)=(ayşe@example.com) already exists", "Key (email_key)=([e-mail]) already exists"),
        ("bearer hp_abcd_EFGH-1", "bearer [token]"),
        ("password=hunter2 user=u", "password=[redacted] user=u"),
        ("Set-Cookie: session=abc", "Set-Cookie: [redacted]"),
    ],
)  # fmt: skip
def test_secrets_and_addresses_are_blotted_out(text, expected):
    assert redact(text) == expected


def test_a_line_break_cannot_forge_a_second_line():
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "a\n{}", None, None)

    line = JsonFormatter({"color": "blue"}).format(record)

    assert "\n" not in line
    assert json.loads(line)["message"] == "a\n{}"
    assert json.loads(line)["color"] == "blue"


def test_a_terminal_shows_the_fields_beside_the_message():
    record = logging.LogRecord("x", logging.INFO, __file__, 1, "request", None, None)
    record.fields = {"method": "GET", "status": 200, "user_id": None, "to": "ayşe@example.com"}

    line = TextFormatter().format(record)

    assert line == "INFO request method=GET status=200 to=[e-mail]"
