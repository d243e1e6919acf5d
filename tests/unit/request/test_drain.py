"""SIGTERM makes a process say that it drains, and still ends it as gunicorn wants."""

import signal
from collections.abc import Iterator
from threading import Event

import pytest

from backend.request import drain


@pytest.fixture
def heard(monkeypatch) -> Iterator[list[bool]]:
    """What was known of draining whenever gunicorn's own handler ran."""
    monkeypatch.setattr(drain, "_draining", Event())
    heard: list[bool] = []
    before = signal.signal(signal.SIGTERM, lambda *_: heard.append(drain.is_draining()))
    yield heard
    signal.signal(signal.SIGTERM, before)


def test_a_process_that_is_told_to_stop_drains_before_gunicorn_ends_it(heard):
    drain.begin_on_worker_start(None)
    assert not drain.is_draining()

    signal.raise_signal(signal.SIGTERM)

    assert heard == [True]
    assert drain.is_draining()
