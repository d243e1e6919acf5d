"""What fail2ban is told to look for is what the app writes, also as Docker keeps it."""

import json
import logging
import re

import pytest

from backend.logs import JsonFormatter
from backend.request.refusal_log import log, log_refusals
from backend.services.errors import NoAccount, NotAuthenticated, StateConflict, TooManyTries
from tests.repo.checkout import read

PAGE = read("docs/internal/OPERATIONS.md")
ADDRESS = r"(?P<address>[0-9a-f.:]+)"


def written(app, record_of, what: str, error: Exception) -> str:
    """Return the line about a refusal."""
    here = app.test_request_context(environ_base={"REMOTE_ADDR": "203.0.113.5"})
    with here, pytest.raises(type(error)), log_refusals(what):
        raise error
    record = record_of.records[-1]
    return JsonFormatter({"color": "blue", "version": "0.1.0-test"}).format(record)


def banned(line: str) -> str | None:
    """Return whom the filter on the page would ban for a line; it cuts out the date first."""
    date = re.search(r"^datepattern = (.*)$", PAGE, re.MULTILINE)
    wanted = re.search(r"^failregex = (.*)$", PAGE, re.MULTILINE)
    assert date
    assert wanted
    stamp = re.sub(r"%%([YmdHMSfz])", r"[\\d+:]+", date[1])
    rest = re.sub(stamp, "", line, count=1)
    found = re.search(wanted[1].replace("<ADDR>", ADDRESS), rest)
    return found["address"] if found else None


def kept_by_docker(line: str) -> str:
    """Return a line as the engine's log file holds it."""
    return json.dumps({"log": f"{line}\n", "stream": "stdout"}, separators=(",", ":"))


@pytest.fixture
def app():
    """An app without anything."""
    from flask import Flask

    return Flask("nothing")


@pytest.mark.parametrize(
    ("what", "error"),
    [
        ("login", NotAuthenticated("no")),
        ("login", TooManyTries("no", seconds=60)),
        ("sign-up", StateConflict("no")),
        ("look-up", NoAccount()),
    ],
)
def test_the_filter_finds_every_refusal(app, caplog, what, error) -> None:
    line = written(app, caplog, what, error)

    assert banned(line) == "203.0.113.5"
    assert banned(kept_by_docker(line)) == "203.0.113.5"


def test_the_filter_is_not_taken_in_by_what_a_line_quotes(app, caplog) -> None:
    line = written(app, caplog, "login", NotAuthenticated("no"))
    record = logging.LogRecord(log.name, logging.ERROR, "", 0, line, None, None)

    quoting = JsonFormatter().format(record)

    assert banned(quoting) is None
    assert banned(kept_by_docker(quoting)) is None


def test_what_is_no_guess_leaves_no_line(app, caplog) -> None:
    with app.test_request_context(), pytest.raises(StateConflict), log_refusals("look-up"):
        raise StateConflict("a member already")

    assert caplog.records == []
