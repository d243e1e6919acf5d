"""Logs for machines: one JSON object a line on standard output, without secrets or e-mails."""

from __future__ import annotations

import json
import logging
import logging.config
import re
from datetime import UTC, datetime
from typing import Any

# The net under everything else: what must not be logged is not passed to a logger in the first
# place, but a driver's error may quote a row, and a traceback may quote anything.
_REDACTED = (
    (re.compile(r"://[^\s/@:]*:[^\s@]*@"), "://[redacted]@"),
    (re.compile(r"(?i)\b(password|passwd|secret|token|cookie)(\s*[=:]\s*)\S+"), r"\1\2[redacted]"),
    (re.compile(r"\bhp_[A-Za-z0-9_-]+"), "[token]"),
    (re.compile(r"[^\s@<>()\"'=,;]+@[^\s@<>()\"'=,;]+\.[^\s@<>()\"'=,;]+"), "[e-mail]"),
)


def redact(text: str) -> str:
    """Return the text with passwords in URLs, tokens and e-mail addresses blotted out."""
    for pattern, replacement in _REDACTED:
        text = pattern.sub(replacement, text)
    return text


class JsonFormatter(logging.Formatter):
    """One line a record; what `extra={"fields": {...}}` brings stands beside the message."""

    def __init__(self, constants: dict[str, str] | None = None) -> None:
        super().__init__()
        self._constants = constants or {}

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as JSON; a line break in a value stays inside the line."""
        fields: dict[str, Any] = {  # Any: whatever JSON can hold
            "ts": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": redact(record.getMessage()),
            **self._constants,
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            fields["exception"] = redact(self.formatException(record.exc_info))
        return json.dumps(fields, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """The same for a person at a terminal: the message, then its fields as `name=value`."""

    def __init__(self) -> None:
        super().__init__("%(levelname)s %(message)s")

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging's name
        """Return the line without its traceback, which `logging` adds below."""
        fields: dict[str, Any] = getattr(record, "fields", {})  # Any: whatever JSON can hold
        shown = [f"{name}={value}" for name, value in fields.items() if value is not None]
        return redact(" ".join([super().formatMessage(record), *shown]))


def logging_config(
    level: str, *, color: str, release: str
) -> dict[str, Any]:  # Any: its shape is logging.config's
    """Return the configuration of all loggers, gunicorn's among them."""
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "json": {"()": JsonFormatter, "constants": {"color": color, "version": release}}
        },
        "handlers": {
            "stdout": {
                "class": "logging.StreamHandler",
                "stream": "ext://sys.stdout",
                "formatter": "json",
            }
        },
        "root": {"level": level.upper(), "handlers": ["stdout"]},
        "loggers": {
            "gunicorn.error": {"level": level.upper(), "handlers": [], "propagate": True},
            "gunicorn.access": {"level": "CRITICAL", "handlers": [], "propagate": False},
        },
    }
